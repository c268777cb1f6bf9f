package rtmp

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

const (
	maxStrangers = 64 // connections without a key yet
	maxFromOne   = 4  // of them, from one address, or one /64 of IPv6
	maxFromHere  = 16 // of them, from this machine
)

// strangers is the connections that have not said a key yet, oldest first. Who comes last is always let in: an honest
// broadcaster says its key within a second, so the place it takes is that of the one who has been silent longest, of
// its own address where that has its share, else of all.
type strangers struct {
	mu  sync.Mutex
	all []*stranger
}

type stranger struct {
	from netip.Prefix
	end  func()
}

// enter takes a place. It returns who lost theirs for it, or nil.
func (s *strangers) enter(n *stranger) (lost *stranger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := maxFromOne
	if n.from.Addr().IsLoopback() {
		most = maxFromHere
	}
	same, first := 0, -1
	for i, o := range s.all {
		if o.from != n.from {
			continue
		}
		if same++; first < 0 {
			first = i
		}
	}
	switch {
	case same >= most:
	case len(s.all) >= maxStrangers:
		first = 0
	default:
		first = -1
	}
	if first >= 0 {
		lost = s.all[first]
		s.all = slices.Delete(s.all, first, first+1)
	}
	s.all = append(s.all, n)
	return lost
}

// leave gives the place back, if it is still held.
func (s *strangers) leave(n *stranger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.all, n); i >= 0 {
		s.all = slices.Delete(s.all, i, i+1)
	}
}

// vicinity returns what the log says of where a refused broadcaster is: a /24, or a /48 of IPv6, and no address.
func vicinity(a net.Addr) string {
	p := network(a)
	bits := 24
	if p.Addr().Is6() {
		bits = 48
	}
	p, err := p.Addr().Prefix(bits)
	if err != nil || !p.IsValid() {
		return ""
	}
	return p.String()
}

// network returns what counts as one address.
func network(a net.Addr) netip.Prefix {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := t.AddrPort().Addr().Unmap().WithZone("")
	bits := 32
	if ip.Is6() && !ip.IsLoopback() {
		bits = 64
	}
	if ip.IsLoopback() {
		bits = ip.BitLen()
	}
	p, _ := ip.Prefix(bits) // the bits fit
	return p
}
