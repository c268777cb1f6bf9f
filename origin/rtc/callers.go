package rtc

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Bounds of ICE-TCP. A connection that asks for no session ends after firstWord, so who holds all of them has to come
// again and again from many addresses; UDP is not touched by it.
const (
	maxCallers  = 512
	maxFromOne  = 16  // of one address, or one /64 of IPv6
	maxFromHere = 256 // of this machine
)

const breath = 100 * time.Millisecond // until the next connection is taken, where the machine could not take one

// callers is a listener that lets in only so many connections at once, and closes all of them with itself.
type callers struct {
	net.Listener
	shed func() // a connection was one too many
	over chan struct{}

	mu     sync.Mutex
	closed bool
	open   map[*caller]netip.Prefix
	from   map[netip.Prefix]int
}

type caller struct {
	net.Conn
	of   *callers
	once sync.Once
}

func newCallers(ln net.Listener, shed func()) *callers {
	return &callers{Listener: ln, shed: shed, over: make(chan struct{}), open: map[*caller]netip.Prefix{}, from: map[netip.Prefix]int{}}
}

// Accept fails only when the listener is closed: whoever calls it gives up at the first error, and out of descriptors a machine is for a while.
func (l *callers) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			l.shed()
			select {
			case <-time.After(breath):
			case <-l.over:
			}
			continue
		}
		if one := l.enter(c); one != nil {
			return one, nil
		}
		_ = c.Close()
		l.shed()
	}
}

func (l *callers) enter(c net.Conn) net.Conn {
	from, most := network(c.RemoteAddr())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.open) >= maxCallers || l.from[from] >= most {
		return nil
	}
	one := &caller{Conn: c, of: l}
	l.open[one] = from
	l.from[from]++
	return one
}

func (c *caller) Close() error {
	c.once.Do(func() {
		c.of.mu.Lock()
		defer c.of.mu.Unlock()
		from := c.of.open[c]
		delete(c.of.open, c)
		if c.of.from[from]--; c.of.from[from] == 0 {
			delete(c.of.from, from)
		}
	})
	return c.Conn.Close()
}

// Close ends the listener and whoever came by it.
func (l *callers) Close() error {
	err := l.Listener.Close()
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.over)
	}
	var all []*caller
	for c := range l.open {
		all = append(all, c)
	}
	l.mu.Unlock()
	for _, c := range all {
		_ = c.Close()
	}
	return err
}

// network returns what counts as one address, and how many connections it may have.
func network(a net.Addr) (netip.Prefix, int) {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}, maxFromHere
	}
	ip := t.AddrPort().Addr().Unmap().WithZone("")
	bits, most := ip.BitLen(), maxFromOne
	switch {
	case ip.IsLoopback():
		most = maxFromHere
	case ip.Is6():
		bits = 64
	}
	p, _ := ip.Prefix(bits) // the bits fit
	return p, most
}
