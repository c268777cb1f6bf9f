package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/shoal-live/shoal/tracker"
)

// defaultTURN is where the TURN server listens that relay-only mode needs, unless it is told otherwise.
const defaultTURN = ":3479"

// networks is the value of a flag that lists networks: "10.0.0.0/8,fd00::/8". An address stands for itself.
type networks []netip.Prefix

func (n *networks) String() string {
	var texts []string
	for _, p := range *n {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ",")
}

func (n *networks) Set(text string) error {
	*n = nil
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		p, err := netip.ParsePrefix(one)
		if addr, e := netip.ParseAddr(one); err != nil && e == nil {
			p, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return fmt.Errorf("%q is no network like 192.168.0.0/16", one)
		}
		*n = append(*n, p.Masked())
	}
	return nil
}

// portRange is the value of a flag like 49152-65535.
type portRange struct{ first, last *uint16 }

func (r portRange) String() string {
	if r.first == nil || *r.first == 0 {
		return ""
	}
	return fmt.Sprintf("%d-%d", *r.first, *r.last)
}

func (r portRange) Set(text string) error {
	first, last, ok := strings.Cut(text, "-")
	a, err := strconv.ParseUint(first, 10, 16)
	b, e := strconv.ParseUint(last, 10, 16)
	if !ok || err != nil || e != nil || a == 0 || a > b {
		return fmt.Errorf("%q is no range of ports like 49152-65535", text)
	}
	*r.first, *r.last = uint16(a), uint16(b)
	return nil
}

// privacyFlags are the flags for what viewers learn of each other; what config holds is the default. Once the flags are
// parsed, settle makes of them what they mean together.
func privacyFlags(flags *flagSet, config *tracker.Config) (settle func() error) {
	c := &config.TURN
	flags.Var((*networks)(&config.SharedNetworks), "share-network", "`networks` whose viewers may show each other private addresses, with commas")
	flags.BoolVar(&config.RelayOnly, "relay-only", false, "viewers link through the TURN server alone and learn no addresses of each other")
	flags.StringVar(&c.Addr, "turn", "", "UDP `address` of the TURN server (default none; with -relay-only and no -ice turn:… "+defaultTURN+")")
	flags.TextVar(&c.PublicIP, "turn-ip", netip.Addr{}, "`address` of the TURN server and its relays behind NAT, a proxy or in containers (default this machine's)")
	flags.Var(portRange{&c.MinPort, &c.MaxPort}, "turn-ports", "`range` of the relays' UDP ports (default 49152-65535)")
	flags.Var((*networks)(&c.Peers), "turn-peers", "`networks` of the relays of other trackers for the same streams, with commas")
	flags.IntVar(&c.Allocations, "turn-allocations", 4000, "`relays` at once, of which each viewer has one for each link")
	flags.IntVar(&c.TotalBytesPerSecond, "turn-rate", 50e6, "`bytes` a second through all relays; between two relays each counts twice")
	return func() error {
		if config.RelayOnly && c.Addr == "" && !slices.ContainsFunc(config.ICEServers, tracker.IsRelay) {
			c.Addr = defaultTURN
		}
		if err := flags.atLeast(1, "turn-allocations", "turn-rate"); err != nil {
			return err
		}
		for _, name := range []string{"turn-ip", "turn-ports", "turn-peers", "turn-allocations", "turn-rate"} {
			if c.Addr == "" && flags.given(name) {
				return flags.refuse(name, "there is no TURN server: add -turn %s, or -relay-only", defaultTURN)
			}
		}
		return nil
	}
}
