package main

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker"
)

func TestNetworks(t *testing.T) {
	for text, want := range map[string][]string{
		"":                          nil,
		"10.1.2.3/8, fd00::/8":      {"10.0.0.0/8", "fd00::/8"},
		"192.0.2.1,2001:db8::1":     {"192.0.2.1/32", "2001:db8::1/128"},
		"10.0.0.0/8,,172.16.0.0/12": {"10.0.0.0/8", "172.16.0.0/12"},
	} {
		var got networks
		if err := got.Set(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		var texts []string
		for _, p := range got {
			texts = append(texts, p.String())
		}
		if !slices.Equal(texts, want) {
			t.Errorf("%q: %v, want %v", text, texts, want)
		}
	}
	for _, text := range []string{"lan", "10.0.0.0/33", "10.0.0", "10.0.0.0/8;fd00::/8"} {
		if new(networks).Set(text) == nil {
			t.Errorf("%q is taken for networks", text)
		}
	}
}

func TestPrivacyFlags(t *testing.T) {
	for _, c := range []struct {
		name        string
		args        []string
		ice         string
		turn        string
		first, last uint16
		ip          string
	}{
		{name: "none"},
		{name: "relay-only", args: []string{"-relay-only"}, turn: defaultTURN},
		{name: "relay-only elsewhere", args: []string{"-relay-only", "-turn", ":9"}, turn: ":9"},
		{name: "relay-only, another's relays", args: []string{"-relay-only"}, ice: "turn:turn.example"},
		{name: "relay-only, another's relays by TLS", args: []string{"-relay-only"}, ice: "turns:turn.example"},
		{name: "relay-only, another's STUN", args: []string{"-relay-only"}, ice: "stun:stun.example", turn: defaultTURN},
		{name: "all", args: []string{"-turn", ":9", "-turn-ports", "20000-20999", "-turn-ip", "192.0.2.1"}, turn: ":9", first: 20000, last: 20999, ip: "192.0.2.1"},
	} {
		var config tracker.Config
		flags := newFlags("test", "", nil)
		settle := privacyFlags(flags, &config)
		if err := flags.FlagSet.Parse(c.args); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.ice != "" {
			config.ICEServers = []wire.ICEServer{{URL: c.ice}}
		}
		if err := settle(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		ip, _ := netip.ParseAddr(c.ip)
		if got := config.TURN; got.Addr != c.turn || got.MinPort != c.first || got.MaxPort != c.last || got.PublicIP != ip {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	for _, ports := range []string{"1", "2-1", "0-9", "1-65536", "a-b"} {
		flags := newFlags("test", "", nil)
		privacyFlags(flags, new(tracker.Config))
		if flags.FlagSet.Parse([]string{"-turn-ports", ports}) == nil {
			t.Errorf("-turn-ports %s is taken", ports)
		}
	}
}
