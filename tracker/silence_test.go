package tracker

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/logging"
	pion "github.com/pion/turn/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/turn"
)

// lines is a log that may be written by many.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestNoAddressIsShown has viewers come from known addresses, signal, be refused in every way and use the relay, and looks for
// those addresses in all that the tracker says: the log at its most talkative, the metrics and the API.
func TestNoAddressIsShown(t *testing.T) {
	var log lines
	registry := prometheus.NewRegistry()
	w := newWorld(t, Config{
		AddressHeader: "X-Real-IP", ViewersPerAddress: 2, MaxStreams: 1, Registry: registry, TURN: turn.Config{Addr: "127.0.0.1:0"},
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	addresses := []string{"203.0.113.7", "198.51.100.9", "2001:db8:77::9", "192.168.55.5", "203.0.113.99", "203.0.113.50", "127.0.0.77"}

	a, b := w.openBy(addresses[0]), w.openBy(addresses[1])
	for _, v := range []*testViewer{a, b} {
		v.send(w.joinMessage("demo"))
		v.welcomed()
	}
	for a.nextDelta().Set[0].ID != b.id {
	}
	for _, text := range []string{
		"candidate:1 1 udp 1 192.168.55.5 5000 typ host",
		"candidate:2 1 udp 1 203.0.113.99 5000 typ srflx raddr 192.168.55.5 rport 5000",
	} {
		a.send(candidateTo(b.id, text))
		a.send(candidateTo(12345, text)) // whom it does not know
	}
	a.send(wire.Signal{Type: wire.TypeSignal, Peer: b.id, Payload: []byte("\x01c=IN IP4 203.0.113.99\r\n")}.Append(nil))
	for heard := 0; heard < 2; {
		if m := b.next(); m == nil {
			t.Fatal("the signals were not passed on")
		} else if wire.MessageType(m[0]) == wire.TypeSignalled {
			heard++
		}
	}

	for name, first := range map[string][]byte{
		"garbage": []byte("203.0.113.99"), "no stream": wire.Join{Stream: "203.0.113.99 ?", Secret: secret(1)}.Append(nil),
		"another version": {1, 99}, "too many streams": wire.Join{Stream: "more", Secret: secret(2)}.Append(nil),
		"too long": make([]byte, wire.MaxMessage+1),
	} {
		v := w.openBy(addresses[2])
		v.conn.WriteMessage(websocket.BinaryMessage, first)
		if r, code := v.refused(); r.Reason == 0 && code == 0 {
			t.Errorf("%s: not refused", name)
		}
		v.conn.Close()
		v.reading.Wait()
	}
	for range 2 {
		w.openBy(addresses[5])
	}
	if _, _, err := w.dial(by(addresses[5])); err == nil {
		t.Error("a third socket of an address was taken")
	}
	header := by(addresses[3])
	header.Set("Origin", "https://203.0.113.99")
	if _, _, err := w.dial(header); err == nil {
		t.Error("a page of a foreign origin was taken")
	}
	relayed(t, w.tracker.privacy.turn, addresses[6])

	answer := func(path string) string {
		r := httptest.NewRecorder()
		if path == "/metrics" {
			promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(r, httptest.NewRequest("GET", path, nil))
		} else {
			w.server.Handler.ServeHTTP(r, httptest.NewRequest("GET", path, nil))
		}
		return r.Body.String()
	}
	metrics, api := answer("/metrics"), answer("/api/v1/swarm")
	for _, want := range []string{`refusals_total{reason="message"} 2`, `refusals_total{reason="origin"} 1`, `turn_denied_total{reason="peer"} 1`, "withheld_signals_total 2"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics do not show %s", want)
		}
	}
	if !strings.Contains(api, "demo") {
		t.Errorf("the API says %s", api)
	}
	w.stop()
	if err := <-w.ended; err != nil {
		t.Error(err)
	}
	w.ended <- nil
	said := log.String()
	if !strings.Contains(said, "stopped") {
		t.Errorf("the log says %q", said)
	}
	for _, address := range addresses {
		for where, text := range map[string]string{"log": said, "metrics": metrics, "API": api} {
			if strings.Contains(text, address) {
				t.Errorf("the %s shows %s:\n%s", where, address, text)
			}
		}
	}
}

// relayed uses a TURN server from an address: once as one should, once with a peer that is denied, once without credentials.
func relayed(t *testing.T, s *turn.Server, from string) {
	t.Helper()
	at, _ := s.Bound()
	for _, known := range []bool{true, false} {
		conn, err := net.ListenPacket("udp4", from+":0")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		config := &pion.ClientConfig{
			STUNServerAddr: at.String(), TURNServerAddr: at.String(), Conn: conn, LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard},
		}
		if config.Username = "nobody"; known {
			config.Username, config.Password = s.Credentials(time.Now())
		}
		client, err := pion.NewClient(config)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if err := client.Listen(); err != nil {
			t.Fatal(err)
		}
		relay, err := client.Allocate()
		if known != (err == nil) {
			t.Fatalf("with credentials %v: %v", known, err)
		}
		if known {
			if _, err := relay.WriteTo([]byte("hello"), &net.UDPAddr{IP: net.IPv4(192, 168, 55, 5), Port: 9}); err == nil {
				t.Error("a private peer was permitted")
			}
			relay.Close()
		}
	}
}
