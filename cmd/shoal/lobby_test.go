package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker"
)

// TestBehindAProxy: the bound of one address is lifted where all come from one, unless somebody asked for it, be it for what it is by
// default.
func TestBehindAProxy(t *testing.T) {
	for _, c := range []struct {
		args, environment string
		want              int
	}{
		{"", "", 0}, {"-connections-per-address 256", "", questioners}, {"", "256", questioners}, {"-connections-per-address 7", "256", 7},
	} {
		if c.environment != "" {
			t.Setenv("SHOAL_CONNECTIONS_PER_ADDRESS", c.environment)
		}
		flags, b := newFlags("test", "", io.Discard), bounds{all: 1000, perAddress: questioners}
		check := boundFlags(flags, &b)
		if err := errors.Join(flags.parseOnly(strings.Fields(c.args)), check()); err != nil {
			t.Fatal(err)
		}
		if b.behindProxy(flags); b.perAddress != c.want {
			t.Errorf("%q, in the environment %q: a bound of %d, want %d", c.args, c.environment, b.perAddress, c.want)
		}
	}
}

// public serves a tracker behind a lobby until the test ends, at an address of its own: whoever still asks for what had its port at
// 127.0.0.1 before would be counted as well.
func public(t *testing.T, b bounds, log *slog.Logger) *lobby {
	t.Helper()
	listener, err := net.Listen("tcp", "127.77.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLobby(listener, b, prometheus.NewRegistry(), log)
	if err != nil {
		t.Fatal(err)
	}
	service, err := tracker.New(tracker.Config{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- together(ctx, service.Run, admit(l, service, withProbes(service, service), serve, quiet))
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for deadline := time.Now().Add(5 * time.Second); testutil.ToFloat64(l.open) != 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%v connections are counted after the end", testutil.ToFloat64(l.open))
			}
		}
		if l.places != nil && l.places.Len() != 0 {
			t.Errorf("%d addresses hold places after the end", l.places.Len())
		}
	})
	for service.Ready() != nil {
		time.Sleep(time.Millisecond)
	}
	return l
}

// dialFrom connects from a loopback address.
func (l *lobby) dialFrom(from string) (net.Conn, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	return dialer.Dial("tcp", l.Addr().String())
}

// idler connects and asks once, and keeps the connection. It tells whether that was let in.
func (l *lobby) idler(t *testing.T, from string) (net.Conn, bool) {
	t.Helper()
	c, err := l.dialFrom(from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(5 * time.Second))
	io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("neither let in nor closed")
	}
	return c, err == nil && answer.StatusCode == http.StatusOK
}

// join joins as a viewer.
func (l *lobby) join(t *testing.T, from string) {
	t.Helper()
	dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return l.dialFrom(from) }, Subprotocols: []string{wire.Subprotocol}}
	c, _, err := dialer.Dial("ws://"+l.Addr().String()+"/tracker?stream=demo", nil)
	if err != nil {
		t.Fatal("join:", err)
	}
	t.Cleanup(func() { c.Close() })
	c.WriteMessage(websocket.BinaryMessage, wire.Join{Secret: [16]byte{1}, Stream: "demo"}.Append(nil))
	if _, b, err := c.ReadMessage(); err != nil || wire.MessageType(b[0]) != wire.TypeWelcome {
		t.Fatalf("join: %x, %v", b, err)
	}
}

// TestIdleConnectionsOfOneAddress floods a tracker with connections that ask once and stay, from one address, while others join.
func TestIdleConnectionsOfOneAddress(t *testing.T) {
	var said strings.Builder
	l := public(t, bounds{all: 100, perAddress: 20, idle: time.Minute}, slog.New(slog.NewTextHandler(&said, nil)))
	const flood = 300
	in := 0
	for range flood {
		if _, ok := l.idler(t, "127.66.66.66"); ok {
			in++
		}
	}
	if shed := testutil.ToFloat64(l.shed.WithLabelValues(shedAddress)); in != 20 || shed != flood-20 {
		t.Errorf("%d were let in and %v shed, want 20 and %d", in, shed, flood-20)
	}
	l.join(t, "127.0.0.2")
	if strings.Count(said.String(), "-connections-per-address") != 1 || strings.Contains(said.String(), "127.66") {
		t.Errorf("the log says %q, want it said once and no address", said.String())
	}
}

func TestConnectionsInAll(t *testing.T) {
	l := public(t, bounds{all: 3, idle: time.Minute}, quiet)
	l.join(t, "127.0.0.2")
	l.join(t, "127.0.0.2") // a place is given back when a viewer is taken over
	held, ok := l.idler(t, "127.0.0.2")
	for range 2 {
		_, more := l.idler(t, "127.0.0.2")
		ok = ok && more
	}
	if !ok || testutil.ToFloat64(l.open) != 3 {
		t.Fatalf("fewer than three were let in, or %v are shown", testutil.ToFloat64(l.open))
	}
	if _, ok := l.idler(t, "127.0.0.3"); ok || testutil.ToFloat64(l.shed.WithLabelValues(shedAll)) != 1 {
		t.Error("a fourth was let in, or not counted")
	}
	held.Close()
	for deadline := time.Now().Add(5 * time.Second); ; {
		if _, ok := l.idler(t, "127.0.0.3"); ok {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a place that was given back is not given again")
		}
	}
}

func TestIdleConnectionsEnd(t *testing.T) {
	l := public(t, bounds{all: 3, perAddress: 3, idle: time.Millisecond}, quiet)
	c, _ := l.idler(t, "127.0.0.2")
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("an idle connection: %v", err)
	}
}

func TestProxyOfThisMachineIsNotBounded(t *testing.T) {
	l := &lobby{guests: &guests{bounds: bounds{all: 10, perAddress: 1}}}
	if l.counted(netip.MustParseAddr("127.0.0.2")) {
		t.Error("without a bound addresses are looked at")
	}
	l, err := newLobby(nil, bounds{all: 10, perAddress: 1, trusted: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}, prometheus.NewRegistry(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{"127.0.0.1": false, "::1": false, "127.0.0.2": true, "192.0.2.1": true, "2001:db8::1": true, "198.51.100.7": false} {
		if l.counted(netip.MustParseAddr(address)) != want {
			t.Errorf("%s is bounded: %v", address, !want)
		}
	}
}

// TestWhoBoundsAddresses: behind a NAT many viewers of an edge are one address, so that may have half of all; and an edge is one of its origin, which
// has no bound unless it is told one.
func TestWhoBoundsAddresses(t *testing.T) {
	for name, want := range map[string]string{
		"edge": fmt.Sprintf("(default %d)", files()*3/4/2), "origin": "", "up": fmt.Sprintf("(default %d)", files()/2/2), "tracker": "(default 256)",
	} {
		var out strings.Builder
		if err := dispatch(t.Context(), []string{name, "-h"}, &out); !errors.Is(err, flag.ErrHelp) {
			t.Fatal(err)
		}
		_, line, _ := strings.Cut(out.String(), "-connections-per-address ")
		line, _, _ = strings.Cut(line, "\n")
		if _, given, _ := strings.Cut(line, "(default"); !strings.HasSuffix(line, want) || (want == "") != (given == "") {
			t.Errorf("%s: %s", name, line)
		}
	}
}

// TestAnswersThatNobodyTakes fills a tracker with connections that ask and ask and read nothing: others are let in after a while.
func TestAnswersThatNobodyTakes(t *testing.T) {
	l := public(t, bounds{all: 4, idle: time.Minute, answer: 200 * time.Millisecond}, quiet)
	asked := strings.Repeat("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 1000)
	var asking sync.WaitGroup
	defer asking.Wait()
	for range 4 {
		c, err := l.dialFrom("127.0.0.2")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		asking.Go(func() {
			for err := error(nil); err == nil; {
				_, err = io.WriteString(c, asked)
			}
		})
	}
	for testutil.ToFloat64(l.open) < 4 {
		time.Sleep(time.Millisecond)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		c, ok := l.idler(t, "127.0.0.3")
		if ok {
			return
		}
		c.Close()
		if time.Now().After(deadline) {
			t.Fatal("who reads nothing is kept, and nobody else let in")
		}
	}
}

// TestMoreThanFiles: more connections than files may be open are asked for in vain, and the log says what the machine allows.
func TestMoreThanFiles(t *testing.T) {
	for _, c := range []struct {
		all  int
		says bool
	}{{999_999_999, true}, {1, false}} {
		log := new(said)
		d := &desk{log: slog.New(slog.NewTextHandler(log, nil)), registry: prometheus.NewRegistry(), bounds: &bounds{all: c.all}}
		l, err := d.receive(door{"http", "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if want := fmt.Sprintf("connections=%d files=%d", c.all, files()); strings.Contains(log.String(), want) != c.says || strings.Contains(log.String(), "ulimit -n") != c.says {
			t.Errorf("of %d it says: %s", c.all, log)
		}
	}
}
