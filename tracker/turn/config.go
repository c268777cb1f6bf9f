package turn

import (
	"fmt"
	"net/netip"
	"time"
)

// Config is all a server can be told. Only Addr is needed.
type Config struct {
	Addr     string     // UDP address that viewers come to, such as ":3479"
	PublicIP netip.Addr // under which the relays are reached; zero: the address of Addr, else the one that leads out

	MinPort, MaxPort uint16        // of the relays; 0: 49152 and 65535
	Lifetime         time.Duration // of a viewer's credentials; 0: 48 h. A relay ends with those it was asked for with

	Closed bool           // relays reach each other, and Peers, alone: all that a relay-only swarm needs; else the Internet too
	Peers  []netip.Prefix // where the relays of other trackers are that have viewers of the same streams
	Shared []netip.Prefix // private networks that relays of clients in one of them may reach, unless Closed or PublicIP is a public one; loopback and link-local never are

	// A viewer has one allocation for each link, or for each and each of its networks.
	Allocations           int // at once; 0: 4000. Each is a socket
	AllocationsPerUser    int // with the same credentials; 0: 96
	AllocationsPerNetwork int // from the same network (IPv4 /24, IPv6 /48), loopback exempt; 0: a quarter of Allocations

	// Media that goes from one relay to another is counted at both. What comes on top is dropped.
	BytesPerSecond      int // through one allocation; 0: 1 MB
	TotalBytesPerSecond int // through all; 0: 50 MB
}

func (c *Config) validate() error {
	setDefault(&c.MinPort, 49152)
	setDefault(&c.MaxPort, 65535)
	setDefault(&c.Lifetime, 48*time.Hour)
	setDefault(&c.Allocations, 4000)
	setDefault(&c.AllocationsPerUser, 96)
	setDefault(&c.AllocationsPerNetwork, max(1, c.Allocations/4))
	setDefault(&c.BytesPerSecond, 1e6)
	setDefault(&c.TotalBytesPerSecond, 50e6)
	if c.MinPort > c.MaxPort {
		return fmt.Errorf("turn: relay ports %d to %d: the first is above the last", c.MinPort, c.MaxPort)
	}
	for _, n := range []struct {
		name  string
		value int
	}{
		{"allocations", c.Allocations}, {"allocations per user", c.AllocationsPerUser}, {"allocations per network", c.AllocationsPerNetwork},
		{"bytes per second", c.BytesPerSecond}, {"bytes per second in all", c.TotalBytesPerSecond}, {"lifetime", int(c.Lifetime)},
	} {
		if n.value < 0 {
			return fmt.Errorf("turn: %s: %d cannot be: choose more than 0, or 0 for the default", n.name, n.value)
		}
	}
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
