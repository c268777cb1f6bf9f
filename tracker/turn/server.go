// Package turn relays the links of viewers that cannot, or must not, reach each other directly: a TURN server (RFC 8656) on
// one UDP port, made of pion/turn and bounds.
//
// Who comes must have credentials that [Server.Credentials] made not long ago: a time and a random name, and their HMAC with
// a secret that lives as long as the server (draft-uberti-behave-turn-rest). So it keeps no list of them.
//
// It is no door into anybody's network. A relay reaches the relays of the same server, by port and not by address alone, so that
// nothing else that listens there is reached; addresses of the Internet, unless it is closed; private ones only for who comes from
// a network that the operator shares, and not by a proxy or NAT that makes it seem so, and where he shares them; and this machine's own never. Allocations are bounded for each user, each network and in all, and
// so are bytes a second. What is refused is counted; no address is logged or shown.
//
// What goes from relay to relay of one server goes over its loopback or listening address, so that no NAT in front of it has
// to send a packet back where it came from.
//
// New starts nothing; Listen opens the socket, and Run serves until its context ends and all relays are closed.
package turn

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pion/logging"
	pion "github.com/pion/turn/v5"
	"github.com/shoal-live/shoal/tracker/ice"
	"github.com/shoal-live/shoal/tracker/quota"
	"golang.org/x/time/rate"
)

const (
	realm = "shoal"

	// Requests an address may make: six for an allocation at most, and forty allocations for a viewer that comes.
	requestsPerSecond = 100
	requestsBurst     = 2000

	socketBuffer = 4 << 20
)

// Server is a TURN server.
type Server struct {
	config   Config        // static
	secret   string        // static
	requests *quota.Table  // static
	all      *rate.Limiter // static; bytes
	counts   counts
	bound    atomic.Pointer[netip.AddrPort]

	// set by Listen
	door   *door
	public netip.Addr   // of the relays
	local  netip.Addr   // where they reach each other
	own    []netip.Addr // this machine's

	mu       sync.Mutex // guards what follows
	relays   map[uint16]*relay
	users    map[string]int
	networks map[netip.Prefix]int
	closed   sync.WaitGroup // relays that are open
}

// New returns a server. It starts nothing.
func New(config Config) (*Server, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	return &Server{
		config: config, secret: rand.Text(),
		requests: quota.New(requestsPerSecond, requestsBurst),
		all:      rate.NewLimiter(rate.Limit(config.TotalBytesPerSecond), config.TotalBytesPerSecond),
		relays:   map[uint16]*relay{}, users: map[string]int{}, networks: map[netip.Prefix]int{},
	}, nil
}

// Bound returns the address of the open socket, false while there is none.
func (s *Server) Bound() (netip.AddrPort, bool) {
	if p := s.bound.Load(); p != nil {
		return *p, true
	}
	return netip.AddrPort{}, false
}

// PublicIP returns the address of the relays, once Listen has returned.
func (s *Server) PublicIP() netip.Addr { return s.public }

// Listen opens the socket. Run must follow: it closes it.
func (s *Server) Listen(ctx context.Context) error {
	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", s.config.Addr)
	if err != nil {
		return fmt.Errorf("turn: listen on %s: %w", s.config.Addr, err)
	}
	udp := conn.(*net.UDPConn)
	udp.SetReadBuffer(socketBuffer) // it works with less, and loses more
	bound := udp.LocalAddr().(*net.UDPAddr).AddrPort()
	s.door = &door{UDPConn: udp, s: s, ended: make(chan struct{})}
	s.place(bound.Addr().Unmap())
	s.bound.Store(&bound)
	return nil
}

// place finds out which addresses the relays have.
func (s *Server) place(bound netip.Addr) {
	s.public = s.config.PublicIP.Unmap()
	if !s.public.IsValid() {
		if s.public = bound; bound.IsUnspecified() {
			s.public = leadsOut()
		}
	}
	s.local = bound
	if bound.IsUnspecified() || bound.Is4() != s.public.Is4() {
		s.local = netip.MustParseAddr("127.0.0.1")
		if s.public.Is6() {
			s.local = netip.IPv6Loopback()
		}
	}
	own, _ := net.InterfaceAddrs()
	for _, a := range own {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			s.own = append(s.own, p.Addr().Unmap())
		}
	}
}

// leadsOut returns the address of this machine from which others are reached. No packet is sent.
func leadsOut() netip.Addr {
	conn, err := net.Dial("udp4", "192.0.2.1:9")
	if err != nil {
		return netip.MustParseAddr("127.0.0.1")
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
}

// Run serves until ctx ends, then closes the socket and all relays.
func (s *Server) Run(ctx context.Context) error {
	defer s.bound.Store(nil)
	server, err := pion.NewServer(pion.ServerConfig{
		Realm:         realm,
		AuthHandler:   s.authenticate,
		QuotaHandler:  func(user, _ string, from net.Addr) bool { return s.admit(user, addrOf(from)) },
		LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard}, // it would log addresses
		EventHandler: pion.EventHandler{
			OnAuth: func(_, _ net.Addr, _, _, _, _ string, ok bool) {
				if !ok {
					s.counts.unknown.Add(1)
				}
			},
			OnAllocationCreated: func(from, _ net.Addr, _, user, _ string, relayed net.Addr, _ int) {
				s.assign(relayed, addrOf(from))
				s.count(user, addrOf(from), +1)
			},
			OnAllocationDeleted: func(from, _ net.Addr, _, user, _ string) { s.count(user, addrOf(from), -1) },
		},
		PacketConnConfigs: []pion.PacketConnConfig{{
			PacketConn:            s.door,
			RelayAddressGenerator: generator{s},
			PermissionHandler:     func(client net.Addr, peer net.IP) bool { return s.permit(addrOf(client), peer) },
		}},
	})
	if err != nil {
		s.door.Close()
		return fmt.Errorf("turn: %w", err)
	}
	<-ctx.Done()
	server.Close()
	<-s.door.ended // after which no relay is opened, and pion closes those that are
	s.closed.Wait()
	return nil
}

// permit tells whether a relay may have this peer, as far as its address and its client's tell; see inside for the rest.
func (s *Server) permit(client netip.Addr, ip net.IP) bool {
	addr, _ := netip.AddrFromSlice(ip)
	if addr = addr.Unmap(); addr == s.public || s.mayReach(client, addr) {
		return true
	}
	s.counts.denied.Add(1)
	return false
}

// mayReach tells whether the relay of a client may send to an address that is not a relay's.
func (s *Server) mayReach(client, addr netip.Addr) bool {
	switch {
	case addr.IsLoopback(), addr.IsLinkLocalUnicast(), addr.IsMulticast(), addr.IsUnspecified(), slices.Contains(s.own, addr):
		return false
	case within(s.config.Peers, addr):
		return true
	}
	return !s.config.Closed && (ice.Public(addr) || s.neighbour(client) && within(s.config.Shared, addr))
}

// neighbour tells whether a client is in a network that the operator shares. Nobody is where clients may come by a proxy or a NAT
// that gives strangers an address of its own: if the relays are reached under a public address that had to be told; and
// nobody is who seems to be this machine.
func (s *Server) neighbour(client netip.Addr) bool {
	client = client.Unmap().WithZone("")
	if s.config.PublicIP.IsValid() && ice.Public(s.public) || client.IsLoopback() || slices.Contains(s.own, client) {
		return false
	}
	return within(s.config.Shared, client)
}

func within(networks []netip.Prefix, addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// inside returns where a packet of a client to a peer is sent: to another relay of this server where that is reached. Not ok: it
// may not be sent.
func (s *Server) inside(client netip.Addr, to netip.AddrPort) (_ netip.AddrPort, ok bool) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if to.Addr() == s.public {
		return netip.AddrPortFrom(s.local, to.Port()), s.isRelay(to.Port())
	}
	return to, s.mayReach(client, to.Addr())
}

// outside is the reverse: who sent a packet, as viewers know it. Not ok: it comes from this machine, but from no relay.
func (s *Server) outside(from netip.AddrPort) (_ netip.AddrPort, ok bool) {
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	if from.Addr() == s.local || from.Addr() == s.public || slices.Contains(s.own, from.Addr()) {
		return netip.AddrPortFrom(s.public, from.Port()), s.isRelay(from.Port())
	}
	return from, true
}

func (s *Server) isRelay(port uint16) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.relays[port] != nil
}
