package quota

import (
	"net/netip"
	"sync"
)

// Places bounds how many of something one network address may hold at once. It remembers an address, and its network, for
// as long as it holds a place, so it is as large as there are places taken.
type Places struct {
	most int // static

	mu       sync.Mutex // guards what follows
	held     map[netip.Prefix]int
	networks map[netip.Prefix]int // of them, by IPv6's networks
}

// NewPlaces returns places of which each address may hold most at once.
func NewPlaces(most int) *Places {
	return &Places{most: most, held: map[netip.Prefix]int{}, networks: map[netip.Prefix]int{}}
}

// Enter takes a place for an address and tells whether there was one.
func (p *Places) Enter(addr netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := key(addr)
	if p.held[k] >= p.most {
		return false
	}
	if network, wide := networkOf(addr); wide {
		if p.networks[network]/wider >= p.most {
			return false
		}
		p.networks[network]++
	}
	p.held[k]++
	return true
}

// Leave gives back a place that Enter took.
func (p *Places) Leave(addr netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	release(p.held, key(addr))
	if network, wide := networkOf(addr); wide {
		release(p.networks, network)
	}
}

func release(held map[netip.Prefix]int, k netip.Prefix) {
	if held[k]--; held[k] <= 0 {
		delete(held, k)
	}
}

// Len returns how many addresses hold places.
func (p *Places) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.held)
}
