// Package stun tells viewers under which address the world sees them, so that a swarm needs no third party's server.
//
// It is STUN (RFC 8489) at its smallest: one UDP socket that answers Binding requests and nothing else. It keeps no
// state of a viewer and cannot be used against others: an answer is 12 bytes longer than the smallest request over
// IPv4, 24 over IPv6; each address gets a few answers a second, all together a bounded number, and what is no
// Binding request gets none.
//
// New starts nothing; Listen opens the socket, and Run answers until its context ends.
package stun

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/tracker/quota"
	"golang.org/x/time/rate"
)

// Answers a second: a viewer asks once for each of its links and network interfaces, seldom more than 50 in a burst.
const (
	answersPerAddress = 20
	answersBurst      = 200
	answersInAll      = 20000
)

// Responder answers Binding requests on one UDP address.
type Responder struct {
	addr    string        // static
	quota   *quota.Table  // static
	all     *rate.Limiter // static
	conn    *net.UDPConn  // set by Listen
	bound   atomic.Pointer[netip.AddrPort]
	answers atomic.Uint64
	dropped atomic.Uint64
}

// New returns a responder for a UDP address such as ":3478".
func New(addr string) *Responder {
	return &Responder{
		addr:  addr,
		quota: quota.New(answersPerAddress, answersBurst),
		all:   rate.NewLimiter(answersInAll, answersInAll/10),
	}
}

// Bound returns the address of the open socket, false while there is none.
func (r *Responder) Bound() (netip.AddrPort, bool) {
	if p := r.bound.Load(); p != nil {
		return *p, true
	}
	return netip.AddrPort{}, false
}

// Counts returns how many requests were answered and how many datagrams were dropped.
func (r *Responder) Counts() (answers, dropped uint64) { return r.answers.Load(), r.dropped.Load() }

// Listen opens the socket. Run must follow: it closes it.
func (r *Responder) Listen(ctx context.Context) error {
	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", r.addr)
	if err != nil {
		return fmt.Errorf("stun: listen on %s: %w", r.addr, err)
	}
	r.conn = conn.(*net.UDPConn)
	bound := r.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	r.bound.Store(&bound)
	return nil
}

// Run answers until ctx ends, then closes the socket.
func (r *Responder) Run(ctx context.Context) {
	defer r.bound.Store(nil)
	defer context.AfterFunc(ctx, func() { r.conn.Close() })()
	var b [maxRequest + 1]byte
	for {
		n, from, err := r.conn.ReadFromUDPAddrPort(b[:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			r.answer(b[:n], from)
		}
	}
}

func (r *Responder) answer(request []byte, from netip.AddrPort) {
	now := time.Now()
	if len(request) < minRequest || r.quota.Take(now, from.Addr()) > 0 || !r.all.AllowN(now, 1) {
		r.dropped.Add(1)
		return
	}
	answer := Answer(request, from)
	if answer == nil {
		r.dropped.Add(1)
		return
	}
	if _, err := r.conn.WriteToUDPAddrPort(answer, from); err != nil {
		r.dropped.Add(1)
		return
	}
	r.answers.Add(1)
}
