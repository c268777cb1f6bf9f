package tracker

import (
	"errors"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
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
