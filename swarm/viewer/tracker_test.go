package viewer

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/shoal-live/shoal/swarm/wire"
)

// counter is where a tracker meets viewers: it answers handshakes as the test says and tells of each.
type counter struct {
	*httptest.Server
	came  chan *http.Request
	sat   chan struct{}                                 // a socket is open on this side too
	admit func(http.ResponseWriter, *http.Request) bool // nil: all

	mu      sync.Mutex
	sockets []*websocket.Conn
}

func newCounter(t *testing.T, admit func(http.ResponseWriter, *http.Request) bool) *counter {
	d := &counter{came: make(chan *http.Request, 100), sat: make(chan struct{}, 100), admit: admit}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.came <- r
		if d.admit != nil && !d.admit(w, r) {
			return
		}
		c, err := (&websocket.Upgrader{Subprotocols: []string{wire.Subprotocol}}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		d.mu.Lock()
		d.sockets = append(d.sockets, c)
		d.mu.Unlock()
		d.sat <- struct{}{}
	}))
	t.Cleanup(func() { d.cut(nil); d.Close() })
	return d
}

func (d *counter) url() string { return strings.Replace(d.URL, "http", "ws", 1) + "/tracker" }

// cut ends all sockets, after a last word.
func (d *counter) cut(word []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.sockets {
		if word != nil {
			c.WriteMessage(websocket.BinaryMessage, word)
		}
		c.Close()
	}
	d.sockets = nil
}

func (d *counter) awaited(t *testing.T) *http.Request {
	t.Helper()
	select {
	case r := <-d.came:
		return r
	case <-time.After(10 * time.Second):
		t.Fatal("nobody came within 10 s")
		return nil
	}
}

// approach sets a tracker's leaf to work with these counters, until the test ends. The first is the first to be asked.
func approach(t *testing.T, token string, counters ...*counter) (tr *tracker, up chan string, ended chan string) {
	up, ended = make(chan string, 100), make(chan string, 1)
	tr = &tracker{stream: "demo", token: token, hangs: time.Minute}
	for _, d := range counters {
		tr.urls = append(tr.urls, d.url())
	}
	why := ""
	tr.up = func(*socket) { up <- "" }
	tr.down = func(*socket) {}
	tr.message = func(_ *socket, b []byte) {
		if r, err := wire.ParseRefused(b); err == nil {
			tr.said.Store(&r)
		}
	}
	tr.refused = func(text string) { why = text }
	tr.away, tr.full, tr.denied = func(string, string) {}, func(string, string) {}, func(string, string) {}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { tr.run(ctx); ended <- why })
	t.Cleanup(func() { stop(); running.Wait() })
	return tr, up, ended
}

// TestTrackersTakeTurns: a viewer whose tracker is killed, or sends it away, is at another within ten seconds and says who it is.
func TestTrackersTakeTurns(t *testing.T) {
	counters := [2]*counter{newCounter(t, nil), newCounter(t, nil)}
	_, up, _ := approach(t, "a.b.c", counters[0], counters[1])
	<-up
	here, there := counters[0], counters[1]
	if len(here.came) == 0 {
		here, there = there, here
	}
	r := here.awaited(t)
	if r.URL.Query().Get("stream") != "demo" || r.Header.Get("Sec-WebSocket-Protocol") != "shoal, shoal.token.a.b.c" {
		t.Errorf("came as %s with %v", r.URL, r.Header)
	}
	for name, word := range map[string][]byte{"killed": nil, "moved": wire.Refused{Reason: wire.RefusedMoving, RetryAfter: 1}.Append(nil)} {
		<-here.sat
		began := time.Now()
		here.cut(word)
		there.awaited(t)
		<-up
		t.Logf("%s: at another after %v", name, time.Since(began).Round(time.Millisecond))
		if len(here.came) > 0 {
			t.Errorf("%s: came back to the tracker that was left", name)
		}
		here, there = there, here
	}
}

// TestTrackerHangs: the socket to a tracker that says nothing any more is ended; as long as it pings it is kept.
func TestTrackerHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pings, each = 15, 20 * time.Second
		here, there := net.Pipe()
		tr := &tracker{stream: "demo", hangs: trackerHangs, up: func(*socket) {}, down: func(*socket) {}}
		tr.dial = func(context.Context, string, string) (net.Conn, error) { return here, nil }
		var group sync.WaitGroup
		group.Go(func() {
			r, err := http.ReadRequest(bufio.NewReader(there))
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprintf(there, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
				accept(r.Header.Get("Sec-WebSocket-Key")))
			group.Go(func() { io.Copy(io.Discard, there) })
			for range pings {
				time.Sleep(each)
				there.Write([]byte{0x89, 0}) // a ping
			}
		})
		began := time.Now()
		tr.connected(t.Context(), "ws://tracker.example/tracker")
		if kept := time.Since(began); kept != pings*each+trackerHangs {
			t.Errorf("left after %v, the last ping came after %v", kept, pings*each)
		}
		group.Wait()
	})
}

// accept answers a key of a handshake, RFC 6455 section 4.2.2.
func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestPrintable(t *testing.T) {
	if got := printable("503 no room\x1b[2J\r\n\u202eé"); got != "503 no room [2J   é" {
		t.Errorf("%q", got)
	}
}

// refusing is a counter that answers every handshake so.
func refusing(t *testing.T, status int) *counter {
	return newCounter(t, func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "get a token", status)
		return false
	})
}

// TestTrackersRefuseForGood: one request to each, and the words of the last.
func TestTrackersRefuseForGood(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403} {
		for n := 1; n <= 2; n++ {
			counters := []*counter{refusing(t, status), refusing(t, status)}[:n]
			_, _, ended := approach(t, "", counters...)
			why := <-ended
			for i, d := range counters {
				if !strings.Contains(why, "get a token") || len(d.came) != 1 {
					t.Errorf("%d: ended with %q after %d requests to tracker %d of %d", status, why, len(d.came), i, n)
				}
			}
		}
	}
}

// TestOneTrackerRefuses: a tracker that lacks a key, or is behind a proxy without it, keeps nobody from another.
func TestOneTrackerRefuses(t *testing.T) {
	t.Parallel()
	for _, status := range []int{403, 404, 408, 421, 425} {
		refuses, takes := refusing(t, status), newCounter(t, nil)
		for len(refuses.came) == 0 { // until it is the first to be asked
			approach(t, "", refuses, takes)
			takes.awaited(t)
		}
	}
}

// TestProxyWithoutTracker: what is no refusal is asked again.
func TestProxyWithoutTracker(t *testing.T) {
	var asked atomic.Int32
	d := newCounter(t, func(w http.ResponseWriter, _ *http.Request) bool {
		if asked.Add(1) > 1 {
			return true
		}
		http.Error(w, "no upstream", http.StatusNotFound)
		return false
	})
	approach(t, "", d)
	d.awaited(t)
	d.awaited(t)
}

// TestAnotherVersion: a tracker that refuses for good on the socket is left for another.
func TestAnotherVersion(t *testing.T) {
	counters := [2]*counter{newCounter(t, nil), newCounter(t, nil)}
	_, up, ended := approach(t, "", counters[0], counters[1])
	<-up
	here, there := counters[0], counters[1]
	if len(here.came) == 0 {
		here, there = there, here
	}
	for _, d := range []*counter{here, there} {
		d.awaited(t)
		<-d.sat
		d.cut(wire.Refused{Reason: wire.RefusedVersion, Text: "speak version 2"}.Append(nil))
	}
	if why := <-ended; why != "speak version 2" {
		t.Errorf("ended with %q", why)
	}
}

// TestTrackerSaysWhen: nobody comes sooner than Retry-After says.
func TestTrackerSaysWhen(t *testing.T) {
	t.Parallel()
	came := make(chan time.Time, 100)
	d := newCounter(t, func(w http.ResponseWriter, _ *http.Request) bool {
		came <- time.Now()
		if len(came) > 1 {
			return true
		}
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusTooManyRequests)
		return false
	})
	_, up, _ := approach(t, "", d)
	<-up
	first, second := <-came, <-came
	if took := second.Sub(first); took < 2*time.Second {
		t.Errorf("came back after %v, told 2 s", took)
	}
}

// TestOutlast: links outlive a refusal for good, by two minutes at most.
func TestOutlast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, lasted := time.Now(), time.Duration(0)
		outlast(t.Context(), func() { lasted = time.Since(began) })
		if lasted < time.Minute || lasted > 2*time.Minute {
			t.Errorf("the swarm is left after %v", lasted)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		outlast(ended, func() { t.Error("a viewer that has ended leaves once more") })
	})
}
