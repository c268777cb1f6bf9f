package tracker

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/turn"
)

// from joins a stream as a viewer whose address a proxy tells.
func (w *world) from(addr, stream string) *testViewer {
	w.t.Helper()
	v := w.openBy(addr)
	v.send(w.joinMessage(stream))
	v.welcomed()
	return v
}

// settled lets deltas come and forgets them.
func settled(viewers ...*testViewer) {
	time.Sleep(time.Second)
	for _, v := range viewers {
		for len(v.got) > 0 {
			<-v.got
		}
	}
}

func candidateTo(peer wire.ViewerID, candidate string) []byte {
	return wire.Signal{Type: wire.TypeSignal, Peer: peer, Payload: fmt.Appendf([]byte{byte(wire.Candidate)}, `{"candidate":%q}`, candidate)}.Append(nil)
}

func TestSignalsShowWhatTheyMay(t *testing.T) {
	const (
		host  = "candidate:1 1 udp 1 192.168.1.5 5000 typ host"
		srflx = "candidate:2 1 udp 1 203.0.113.7 5000 typ srflx raddr 192.168.1.5 rport 5000"
		blank = "candidate:2 1 udp 1 203.0.113.7 5000 typ srflx raddr 0.0.0.0 rport 9"
		relay = "candidate:3 1 udp 1 198.51.100.200 5000 typ relay raddr 0.0.0.0 rport 9"
	)
	lan := []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")}
	ice := []wire.ICEServer{{URL: "turn:turn.example", Username: "u", Credential: "s"}}
	for _, c := range []struct {
		name     string
		config   Config
		from, to string
		want     []string
		flags    uint8
		hints    int // in the log, of what the operator may allow
	}{
		{"strangers", Config{}, "203.0.113.7", "198.51.100.9", []string{blank, relay}, wire.HideHost, 0},
		{"neighbours without the operator's word", Config{}, "192.168.1.5", "192.168.1.6", []string{blank, relay}, wire.HideHost, 1},
		{"neighbours", Config{SharedNetworks: lan}, "192.168.1.5", "192.168.1.6", []string{host, srflx, relay}, 0, 0},
		{"to a neighbour", Config{SharedNetworks: lan}, "203.0.113.7", "192.168.1.6", []string{blank, relay}, wire.HideHost, 0},
		{"from a neighbour", Config{SharedNetworks: lan}, "192.168.1.5", "203.0.113.7", []string{blank, relay}, 0, 0},
		{"relay-only", Config{RelayOnly: true, ICEServers: ice}, "203.0.113.7", "198.51.100.9", []string{relay}, wire.HideHost | wire.RelayOnly, 0},
		{"relay-only, neighbours", Config{RelayOnly: true, ICEServers: ice, SharedNetworks: lan}, "192.168.1.5", "192.168.1.6", []string{relay}, wire.RelayOnly, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var said strings.Builder
				c.config.AddressHeader, c.config.Log = "X-Real-IP", slog.New(slog.NewTextHandler(&said, nil))
				w := newWorld(t, c.config)
				a := w.from(c.from, "demo")
				b := w.from(c.to, "demo")
				settled(a, b)
				if a.welcome.Flags != c.flags {
					t.Errorf("told flags %d, want %d", a.welcome.Flags, c.flags)
				}
				for _, candidate := range []string{host, srflx, relay} {
					a.send(candidateTo(b.id, candidate))
				}
				var got []string
				for range c.want {
					_, text, _ := strings.Cut(string(b.nextSignal().Payload), `"candidate":"`)
					got = append(got, strings.TrimSuffix(text, `"}`))
				}
				b.silent()
				if !slices.Equal(got, c.want) {
					t.Errorf("passed on %q, want %q", got, c.want)
				}
				if n := testutil.ToFloat64(w.tracker.privacy.withheld); n != float64(3-len(c.want)) {
					t.Errorf("%v signals counted as withheld", n)
				}
				if strings.Count(said.String(), "-share-network") != c.hints || strings.Contains(said.String(), "192.168") {
					t.Errorf("the log says %q, want %d hints and no address", said.String(), c.hints)
				}
			})
		})
	}
}

func TestOwnTURN(t *testing.T) {
	stun := wire.ICEServer{URL: "stun:stun.example"}
	w := newWorld(t, Config{RelayOnly: true, TURN: turn.Config{Addr: "127.0.0.1:0"}, STUNAddr: "127.0.0.1:0"})
	bound, ok := w.tracker.privacy.turn.Bound()
	if !ok {
		t.Fatal("ready without a TURN socket")
	}
	a, b := w.join("demo"), w.join("demo")
	var names []string
	for _, v := range []*testViewer{a, b} {
		if len(v.welcome.ICEServers) != 1 {
			t.Fatalf("told %v, want the TURN server alone", v.welcome.ICEServers)
		}
		s := v.welcome.ICEServers[0]
		if want := fmt.Sprintf("turn:tracker.example:%d?transport=udp", bound.Port()); s.URL != want || s.Username == "" || s.Credential == "" {
			t.Errorf("told %v, want %s and credentials", s, want)
		}
		names = append(names, s.Username)
	}
	if names[0] == names[1] {
		t.Error("two viewers have the same credentials")
	}
	if got := w.tracker.privacy.servers([]wire.ICEServer{stun}, "", time.Now()); len(got) != 0 {
		t.Errorf("without a name told %v", got)
	}
	w.tracker.privacy.filter.RelayOnly = false
	if got := w.tracker.privacy.servers([]wire.ICEServer{stun}, "tv.example", time.Now()); len(got) != 2 || got[0] != stun {
		t.Errorf("told %v, want STUN and TURN", got)
	}
	w.tracker.privacy.turnIP = netip.MustParseAddr("2001:db8::1")
	if got := w.tracker.privacy.servers(nil, "proxy.example", time.Now()); len(got) != 1 || !strings.HasPrefix(got[0].URL, "turn:[2001:db8::1]:") {
		t.Errorf("told %v, want where the operator says it is", got)
	}
}

func TestPrivacyConfig(t *testing.T) {
	for says, c := range map[string]Config{
		"-turn, or another's with -ice turn:": {RelayOnly: true},
		"-relay-only needs a relay":           {RelayOnly: true, ICEServers: []wire.ICEServer{{URL: "stun:stun.example"}}},
		"allocations: -1 cannot be":           {TURN: turn.Config{Addr: ":0", Allocations: -1}},
		"shared network 2 of 2 is none":       {SharedNetworks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), {}}},
		"no room for the own TURN server":     {TURN: turn.Config{Addr: ":0"}, ICEServers: make([]wire.ICEServer, wire.MaxICEServers)},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

// TestPrivateRelaysAreSaid: relays that no viewer would be shown are said at the start.
func TestPrivateRelaysAreSaid(t *testing.T) {
	for name, c := range map[string]struct {
		at     string
		shared []netip.Prefix
		said   bool
	}{
		"private": {"192.168.1.2", nil, true},
		"shared":  {"192.168.1.2", []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")}, false},
		"public":  {"203.0.114.1", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			newWorld(t, Config{
				RelayOnly: true, SharedNetworks: c.shared, Log: slog.New(slog.NewTextHandler(&log, nil)),
				TURN: turn.Config{Addr: "127.0.0.1:0", PublicIP: netip.MustParseAddr(c.at)},
			})
			if said := strings.Contains(log.String(), "-turn-ip"); said != c.said {
				t.Errorf("said: %v\n%s", said, log.String())
			}
		})
	}
}
