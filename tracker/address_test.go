package tracker

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/shoal-live/shoal/swarm/wire"
)

// by is the header of a viewer at an address, for a tracker behind a proxy.
func by(address string) http.Header { return http.Header{"X-Real-Ip": {address}} }

// openBy opens a socket from an address and reads from it.
func (w *world) openBy(address string) *testViewer {
	w.t.Helper()
	v, response, err := w.dial(by(address))
	if err != nil {
		w.t.Fatal(address, err, response)
	}
	v.read()
	return v
}

// fromHere is a connection from the machine itself.
type fromHere struct{ net.Conn }

func (fromHere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 50000} }

// openHere opens a socket from the machine itself, by no proxy.
func (w *world) openHere() *testViewer {
	w.t.Helper()
	w.wrap = func(c net.Conn) net.Conn { return fromHere{c} }
	defer func() { w.wrap = nil }()
	return w.open()
}

func TestSocketsOfAnAddressAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{ViewersPerAddress: 3, AddressHeader: "X-Real-IP"})
		full := func(address string) {
			t.Helper()
			_, response, err := w.dial(by(address))
			if err == nil || response == nil || response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") != "30" {
				t.Errorf("%s: %v, %+v; want 429", address, err, response)
			}
		}
		var v *testViewer
		for i := range 3 {
			v = w.openBy(fmt.Sprintf("2001:db8::%d", i))
			w.openBy("192.0.2.1")
			w.openBy("127.0.0.1")
			w.openBy("::1")
		}
		full("2001:db8::ffff")
		full("192.0.2.1")
		full("::ffff:192.0.2.1")
		full("127.0.0.1") // says the header: whoever reaches the port may write it
		full("::1")
		w.openBy("192.0.2.2")
		w.openBy("2001:db8:0:1::1")
		v.conn.Close()
		synctest.Wait()
		w.openBy("2001:db8::ffff")
		for range 10 {
			w.openHere()
		}
		for _, v := range w.viewers {
			v.conn.Close()
		}
		synctest.Wait()
		if n := w.tracker.places.Len(); n != 0 || w.tracker.sockets != 0 {
			t.Errorf("%d addresses hold places and %d sockets are counted after all have left", n, w.tracker.sockets)
		}
	})
}

// TestAddressHeader: an address is read as proxies write it. What is none is counted, and said once without it.
func TestAddressHeader(t *testing.T) {
	var log lines
	tracker, err := New(Config{AddressHeader: "X-Forwarded-For", Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	unread := 0
	for _, c := range []struct{ text, want string }{
		{"203.0.113.7", "203.0.113.7"},
		{"203.0.113.7:51234", "203.0.113.7"},
		{"198.51.100.1, 203.0.113.7:51234", "203.0.113.7"},
		{"2001:db8::7", "2001:db8::7"},
		{"[2001:db8::7]:51234", "2001:db8::7"},
		{"[2001:db8::7]", "2001:db8::7"},
		{"127.0.0.1", "127.0.0.1"},
		{"::1", "::1"},
		{"unknown", ""},
		{"203.0.113.777", ""},
		{"203.0.113.7:", ""},
		{"[2001:db8::7", ""},
		{"", ""},
	} {
		r := httptest.NewRequest("GET", "/tracker", nil)
		r.Header.Set("X-Forwarded-For", c.text)
		want, _ := netip.ParseAddr(c.want)
		if !want.IsValid() {
			unread++
		}
		r.RemoteAddr = "127.0.0.1:50000" // the proxy
		if got, local := tracker.address(r); got != want || local {
			t.Errorf("%q is %v, want %v; of this machine: %v", c.text, got, want, local)
		}
	}
	for text, want := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "[::ffff:127.0.0.9]:1": true, "203.0.113.7:1": false, "pipe": false} {
		r := httptest.NewRequest("GET", "/tracker", nil)
		r.RemoteAddr = text
		if _, local := tracker.address(r); local != want {
			t.Errorf("%s, by no proxy, is of this machine: %v", text, local)
		}
	}
	if n := testutil.ToFloat64(tracker.metrics.unreadable); n != float64(unread) {
		t.Errorf("%v counted that cannot be read, want %d", n, unread)
	}
	if said := log.String(); strings.Count(said, "X-Forwarded-For") != 1 || strings.Contains(said, "203.0.113") {
		t.Errorf("the log says %q", said)
	}
}

// TestJoinsOfThisMachineAreBounded, as those of any address, though it may hold as many sockets as it likes.
func TestJoinsOfThisMachineAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{JoinsPerSecond: 1, JoinBurst: 3, ViewersPerAddress: 1})
		for range 3 {
			w.openHere()
		}
		w.wrap = func(c net.Conn) net.Conn { return fromHere{c} }
		if _, response, err := w.dial(nil); err == nil || response == nil || response.StatusCode != http.StatusTooManyRequests {
			t.Errorf("a fourth join at once: %v, %+v; want 429", err, response)
		}
	})
}

func TestNewStreamsOfAnAddressAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{AddressHeader: "X-Real-IP", MaxStreams: 70, StreamsPerAddress: 20})
		const here = "this machine"
		names := 0
		// invent joins streams of new names and returns how many it may.
		invent := func(address string, n int) (opened int) {
			t.Helper()
			for range n {
				names++
				var v *testViewer
				if address == here {
					v = w.openHere()
				} else {
					v = w.openBy(address)
				}
				v.send(w.joinMessage(fmt.Sprintf("made-up-%d", names)))
				b := v.next()
				if wire.MessageType(b[0]) == wire.TypeWelcome {
					opened++
				} else if r, err := wire.ParseRefused(b); err != nil || r.Reason != wire.RefusedBusy || r.RetryAfter == 0 {
					t.Errorf("stream %d: %+v, %v", names, r, err)
				}
			}
			return opened
		}
		if n := invent("192.0.2.1", 50); n != 10 {
			t.Errorf("%d new streams at once, want 10", n)
		}
		known := w.openBy("192.0.2.1")
		known.send(w.joinMessage("made-up-1"))
		known.welcomed()
		if n := invent("192.0.2.2", 1); n != 1 {
			t.Error("one address's streams keep another's away")
		}
		time.Sleep(20 * time.Second)
		if n := invent("192.0.2.1", 5); n != 2 {
			t.Errorf("%d new streams in 20 s, want 2", n)
		}
		time.Sleep(200 * time.Second)
		if n := invent("192.0.2.1", 20); n != 8 {
			t.Errorf("%d new streams beside 12 that it holds, want 8", n)
		}
		if n := invent("127.0.0.1", 12); n != 10 {
			t.Errorf("%d new streams of who says that he is of this machine, want 10", n)
		}
		if n := invent(here, 30); n != 30 {
			t.Errorf("%d new streams of the machine's own, want 30", n)
		}
		for _, v := range w.viewers {
			v.conn.Close()
		}
		time.Sleep(keepStream + 2*retireEvery)
		if n := len(w.tracker.Streams()); n != 0 || w.tracker.opened.Len() != 0 {
			t.Errorf("%d streams without viewers are left, charged to %d addresses", n, w.tracker.opened.Len())
		}
	})
}
