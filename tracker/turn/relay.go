package turn

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	pion "github.com/pion/turn/v5"
	"github.com/shoal-live/shoal/tracker/quota"
	"golang.org/x/time/rate"
)

// What an allocation cannot be made for.
var (
	errTCP    = errors.New("turn: relays are UDP only")
	errFamily = errors.New("turn: no relays in this address family")
	errPorts  = errors.New("turn: no free port for a relay")
)

const portTries = 20

// relay is the socket of one allocation, with its bounds. pion reads it in one goroutine and writes it in another.
type relay struct {
	*net.UDPConn
	s      *Server       // static
	port   uint16        // static
	client netip.Addr    // static once the allocation is made; of whom it is
	budget *rate.Limiter // bytes
	once   sync.Once
}

// ReadFrom returns what peers send that may be passed on.
func (r *relay) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := r.UDPConn.ReadFromUDPAddrPort(b)
		if err != nil {
			return n, nil, err
		}
		peer, ok := r.s.outside(from)
		if ok && r.pay(n) {
			return n, net.UDPAddrFromAddrPort(peer), nil
		}
	}
}

// WriteTo sends to a peer. What is dropped is reported as sent: pion could only log it.
func (r *relay) WriteTo(b []byte, to net.Addr) (int, error) {
	peer, ok := r.s.inside(r.client, to.(*net.UDPAddr).AddrPort())
	if !ok {
		r.s.counts.denied.Add(1)
		return len(b), nil
	}
	if !r.pay(len(b)) {
		return len(b), nil
	}
	return r.UDPConn.WriteToUDPAddrPort(b, peer)
}

// pay charges bytes that go through.
func (r *relay) pay(n int) bool {
	now := time.Now()
	if !r.budget.AllowN(now, n) || !r.s.all.AllowN(now, n) {
		r.s.counts.dropped.Add(uint64(n))
		return false
	}
	r.s.counts.bytes.Add(uint64(n))
	return true
}

// Close frees the port last: who gets it then stands in the map by it.
func (r *relay) Close() error {
	r.once.Do(func() {
		r.s.mu.Lock()
		if r.s.relays[r.port] == r {
			delete(r.s.relays, r.port)
		}
		r.s.mu.Unlock()
		r.UDPConn.Close()
		r.s.closed.Done()
	})
	return nil
}

// generator opens relays for pion.
type generator struct{ s *Server }

func (g generator) Validate() error { return nil }

func (g generator) AllocateListener(pion.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errTCP
}

func (g generator) AllocateConn(pion.AllocateConnConfig) (net.Conn, error) { return nil, errTCP }

func (g generator) AllocatePacketConn(c pion.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	s := g.s
	if (c.Network == "udp4") != s.public.Is4() {
		return nil, nil, errFamily
	}
	host := s.local
	alone := s.config.Closed && len(s.config.Peers) == 0 // nothing comes from outside
	if host.IsLoopback() && !s.public.IsLoopback() && !alone {
		host = netip.IPv4Unspecified()
		if s.public.Is6() {
			host = netip.IPv6Unspecified()
		}
	}
	for range portTries {
		port := int(s.config.MinPort) + rand.IntN(int(s.config.MaxPort)-int(s.config.MinPort)+1)
		conn, err := net.ListenPacket(c.Network, net.JoinHostPort(host.String(), strconv.Itoa(port)))
		if err != nil {
			continue
		}
		r := &relay{
			UDPConn: conn.(*net.UDPConn), s: s, port: uint16(port),
			budget: rate.NewLimiter(rate.Limit(s.config.BytesPerSecond), max(s.config.BytesPerSecond, mostPacket)),
		}
		s.mu.Lock()
		s.relays[r.port] = r
		s.mu.Unlock()
		s.closed.Add(1)
		return r, net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.public, r.port)), nil
	}
	return nil, nil, fmt.Errorf("%w of %d to %d", errPorts, s.config.MinPort, s.config.MaxPort)
}

// mostPacket is the largest that may come: a budget below it would let nothing through.
const mostPacket = 1600

// admit implements pion.QuotaHandler. Requests are read one after the other, so that count follows before the next.
func (s *Server) admit(user string, from netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.relays) < s.config.Allocations && s.users[user] < s.config.AllocationsPerUser &&
		(from.IsLoopback() || s.networks[quota.Network(from)] < s.config.AllocationsPerNetwork) {
		return true
	}
	s.counts.full.Add(1)
	return false
}

// count notes that an allocation came or went.
func (s *Server) count(user string, from netip.Addr, change int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if change > 0 {
		s.counts.allocations.Add(1)
	}
	network := quota.Network(from)
	if s.users[user] += change; s.users[user] <= 0 {
		delete(s.users, user)
	}
	if s.networks[network] += change; s.networks[network] <= 0 {
		delete(s.networks, network)
	}
}

// assign notes whose a relay is. pion tells it before anything goes through.
func (s *Server) assign(relayed net.Addr, client netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if udp, ok := relayed.(*net.UDPAddr); ok && s.relays[uint16(udp.Port)] != nil {
		s.relays[uint16(udp.Port)].client = client
	}
}

func addrOf(a net.Addr) netip.Addr {
	if udp, ok := a.(*net.UDPAddr); ok {
		return udp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
