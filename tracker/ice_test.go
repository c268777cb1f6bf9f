package tracker

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/turn"
)

func TestICEServers(t *testing.T) {
	w := newWorld(t, Config{STUNAddr: "127.0.0.1:0"})
	bound, ok := w.tracker.stun.Bound()
	if !ok {
		t.Fatal("ready without a STUN socket")
	}
	port := bound.String()[len("127.0.0.1:"):]
	for host, want := range map[string]string{
		"tv.example":        "stun:tv.example:" + port,
		"tv.example:8080":   "stun:tv.example:" + port,
		"192.0.2.1:8080":    "stun:192.0.2.1:" + port,
		"[2001:db8::1]:443": "stun:[2001:db8::1]:" + port,
		"[2001:db8::1]":     "stun:[2001:db8::1]:" + port,
	} {
		if got := w.tracker.iceServers(host); !slices.Equal(got, []wire.ICEServer{{URL: want}}) {
			t.Errorf("reached as %s: told %v, want %s", host, got, want)
		}
	}
	for _, host := range []string{"", ":8080", string(make([]byte, 300))} {
		if got := w.tracker.iceServers(host); got != nil {
			t.Errorf("reached as %.10q: told %v", host, got)
		}
	}
	own := []wire.ICEServer{{URL: "turn:turn.example:3478", Username: "user", Credential: "secret"}}
	for _, config := range []Config{{ICEServers: own}, {ICEServers: own, STUNAddr: ":3478"}, {}} {
		tracker, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		if got := tracker.iceServers("tv.example"); !slices.Equal(got, config.ICEServers) {
			t.Errorf("configured %v, told %v", config.ICEServers, got)
		}
	}
}

func TestSTUNAddressTaken(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tracker, err := New(Config{STUNAddr: taken.LocalAddr().String()})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- tracker.Run(t.Context()) }()
	select {
	case err := <-ended:
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Run goes on without its socket")
	}
	if tracker.Ready() == nil {
		t.Error("ready after Run")
	}
}

// TestCredentialsAreRenewed: a viewer that stays is told new credentials while the old ones are good, and one that has nothing to
// fear for is left alone.
func TestCredentialsAreRenewed(t *testing.T) {
	const lifetime = 10 * time.Minute
	relays, err := turn.New(turn.Config{Addr: "127.0.0.1:0", Closed: true, Lifetime: lifetime})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	if err := relays.Listen(ctx); err != nil { // outside the bubble, in which nobody may wait for a real socket
		t.Fatal(err)
	}
	stop()
	defer relays.Run(ctx)
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{RelayOnly: true, ICEServers: []wire.ICEServer{{URL: "turn:other.example", Username: "u", Credential: "s"}}})
		alone := w.join("without")
		w.tracker.privacy.turn = relays
		v := w.join("demo")
		told := v.welcome.ICEServers
		for range 5 {
			since := time.Now()
			var b []byte
			select {
			case b = <-v.got:
			case <-time.After(lifetime):
				t.Fatal("not told before the old ones end")
			}
			m, err := wire.ParseServers(b)
			if err != nil {
				t.Fatal("servers:", err)
			}
			if after := time.Since(since); after < lifetime/2 || after > lifetime/2+pingEvery+tick {
				t.Errorf("told after %v", after)
			}
			if m.Flags != v.welcome.Flags || len(m.ICEServers) != 2 || m.ICEServers[0] != told[0] || m.ICEServers[1].URL != told[1].URL {
				t.Errorf("told %+v, and first %+v", m, v.welcome)
			}
			until, _, _ := strings.Cut(m.ICEServers[1].Username, ":")
			if end, _ := strconv.ParseInt(until, 10, 64); end != time.Now().Add(lifetime).Unix() {
				t.Errorf("told at %d of what ends at %d", time.Now().Unix(), end)
			}
			told = m.ICEServers
		}
		alone.silent()
	})
}
