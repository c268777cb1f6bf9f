package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// admin is an admin listener that tells what a test wants.
type admin struct {
	mu      sync.Mutex
	is      string // as JSON
	missing string
	figures string                       // likewise
	swarms  func(seconds float64) string // likewise; nil: no tracker
	streams string                       // likewise; empty: no origin
	cells   string                       // likewise
	refuses int                          // changes, with this status
	changes []string                     // that came
	dead    bool                         // it answers nobody
	began   time.Time
	names   string // trackers, as JSON
}

func (a *admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case r.URL.Path == "/api/v1/service":
		fmt.Fprintf(w, `{"is":%s,"trackers":[%s],"version":"1","since":"2026-01-02T03:04:05.%09dZ","missing":%q,"figures":{%s}}`, a.is, a.names, reflect.ValueOf(a).Pointer()/8%1e9, a.missing, a.figures) // each began at another time
	case r.URL.Path == "/api/v1/streams" && a.streams != "":
		fmt.Fprintf(w, `{"streams":%s}`, a.streams)
	case r.URL.Path == "/api/v1/swarm" && a.swarms != nil:
		fmt.Fprintf(w, `{"scope":"tracker","streams":%s}`, a.swarms(time.Since(a.began).Seconds()))
	case r.URL.Path == "/api/v1/control" && a.swarms != nil:
		fmt.Fprint(w, `{"defaults":{},"controls":[]}`)
	case strings.HasPrefix(r.URL.Path, "/api/v1/cells/") && a.cells != "":
		fmt.Fprint(w, a.cells)
	case strings.HasPrefix(r.URL.Path, "/api/v1/control/") && a.swarms != nil:
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Origin") != "" {
			http.Error(w, "a page", http.StatusForbidden)
			return
		}
		a.changes = append(a.changes, r.Method+" "+r.URL.Path+" "+string(body))
		if a.refuses != 0 {
			http.Error(w, "bad control", a.refuses)
			return
		}
		fmt.Fprint(w, `{"p2p":false}`)
	default:
		http.NotFound(w, r)
	}
}

func (a *admin) isDead() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.dead
}

// network reaches admin listeners by their address.
type network map[string]*admin

func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	a := n[r.URL.Host]
	if a == nil || a.isDead() {
		return nil, errors.New("connection refused")
	}
	return newInside(a).RoundTrip(r)
}

// one is a swarm whose viewers got so many bytes a second.
func one(name string, viewers int) func(float64) string {
	return func(seconds float64) string {
		return fmt.Sprintf(`[{"name":%q,"viewers":%d,"offload":0.75,"copies":1.5,"stallRatio":0.01,"latencySeconds":2,"bytesFromPeers":%.0f,"bytesFromEdge":%.0f}]`,
			name, viewers, 3000*seconds, 1000*seconds)
	}
}

func newBoard(t *testing.T, config Config) *Board {
	t.Helper()
	b, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// get asks a board as its page does.
func get(t *testing.T, b *Board, path string, into any) int {
	t.Helper()
	rw := httptest.NewRecorder()
	b.ServeHTTP(rw, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:9090"+path, nil))
	if into != nil {
		if err := json.Unmarshal(rw.Body.Bytes(), into); err != nil {
			t.Fatalf("%s: %v: %s", path, err, rw.Body)
		}
	}
	return rw.Code
}

func TestServicesAndTheirHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := &admin{is: `["edge"]`, figures: `"shoal_edge_sent_bytes_total":1000`}
		net := network{
			"a:1": {is: `["tracker"]`, swarms: one("demo", 2)},
			"b:1": {is: `["origin"]`, missing: "no disk", streams: `[{"name":"demo","state":"ended"},{"name":"other","state":"live"}]`},
			"d:1": {is: `["origin"]`, streams: `[{"name":"demo","state":"live"}]`},
		}
		b := newBoard(t, Config{Own: own, Others: []string{"a:1", "b:1", "c:1", "d:1"}, Transport: net, Files: fstest.MapFS{}})
		var s state
		get(t, b, "/api/v1/ops", &s)
		for i, want := range []string{"ready", "ready", "waiting", "away", "ready"} {
			if s.Services[i].State != want {
				t.Errorf("%s is %s, want %s", s.Services[i].Name, s.Services[i].State, want)
			}
		}
		if s.Services[2].Why != "no disk" || s.Services[3].Why != "connection refused" || s.Services[3].Self != nil {
			t.Errorf("%+v", s.Services)
		}
		if len(s.Streams) != 2 || !strings.Contains(string(s.Streams[0]), "live") || len(s.Swarms) != 1 || s.Unheard != 0 {
			t.Errorf("streams %s, swarms %s, %d unheard", s.Streams, s.Swarms, s.Unheard)
		}
		own.figures = `"shoal_edge_sent_bytes_total":5000`
		net["a:1"].dead = true
		time.Sleep(fresh / 2)
		if get(t, b, "/api/v1/ops", &s); s.Services[1].State != "ready" {
			t.Error("it is asked anew for each who looks")
		}
		time.Sleep(fresh * 3 / 2)
		if get(t, b, "/api/v1/ops", &s); s.Services[1].State != "away" || s.Unheard != 1 || s.Services[0].Sent != 2000 {
			t.Errorf("%+v, %d unheard", s.Services, s.Unheard)
		}
	})
}

// TestAnEdgeAlone: its page knows the streams, as the edge tells anybody, and of the trackers that it names to viewers what they tell anybody; what nobody
// tells is not known.
func TestAnEdgeAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := &admin{is: `["edge"]`, streams: `[{"name":"demo","state":"live"}]`, names: `"http://x:1/api/v1/swarm","https://y:1/api/v1/swarm","http://x:1/api/v1/swarm"`}
		net := network{"x:1": {swarms: one("demo", 2)}, "y:1": {swarms: one("demo", 3)}}
		b := newBoard(t, Config{Own: own, Transport: net, Files: fstest.MapFS{}})
		var s state
		if get(t, b, "/api/v1/ops", &s); len(s.Streams) != 1 || len(s.Swarms) != 2 || s.Unheard != 0 {
			t.Errorf("streams %s, swarms %s, %d unheard", s.Streams, s.Swarms, s.Unheard)
		}
		if code := get(t, b, "/api/v1/ops/cells/demo", nil); code != http.StatusServiceUnavailable {
			t.Errorf("cells of a tracker that is not asked as a service: %d", code)
		}
		net["y:1"].dead = true
		own.streams = ""
		time.Sleep(2 * fresh)
		s = state{}
		if get(t, b, "/api/v1/ops", &s); s.Streams != nil || len(s.Swarms) != 1 || s.Unheard != 1 {
			t.Errorf("streams %s, swarms %s, %d unheard", s.Streams, s.Swarms, s.Unheard)
		}
		own.names = ""
		time.Sleep(2 * fresh)
		if get(t, b, "/api/v1/ops", &s); len(s.Swarms) != 0 || s.Unheard != 0 {
			t.Errorf("swarms %s, %d unheard", s.Swarms, s.Unheard)
		}
	})
}

func TestTheLastHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := &admin{is: `["origin","edge","tracker"]`, swarms: one("demo", 4), streams: "[]", began: time.Now()}
		other := &admin{is: `["tracker"]`, swarms: one("demo", 12), began: time.Now()}
		b := newBoard(t, Config{Own: own, Others: []string{"a:1"}, Transport: network{"a:1": other}, Files: fstest.MapFS{}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- b.Run(ctx) }()
		defer func() { cancel(); <-ended }()

		time.Sleep(70*time.Minute + 5*time.Second)
		other.mu.Lock()
		other.dead = true // nothing is known of the swarm now
		other.mu.Unlock()
		time.Sleep(20 * time.Second)
		other.mu.Lock()
		other.dead = false
		other.mu.Unlock()
		time.Sleep(12 * time.Second)

		for _, name := range []string{"", "demo"} {
			var s struct {
				At                                                             []int64
				Viewers, Offload, Copies, Latency, Stalls, FromPeers, FromEdge []*float64
				Streams                                                        []string
			}
			if code := get(t, b, "/api/v1/ops/history?stream="+name, &s); code != http.StatusOK {
				t.Fatal(code)
			}
			last := len(s.At) - 1
			if last != hour-1 || s.At[last]-s.At[0] != 3590_000 || len(s.Streams) != 1 {
				t.Fatalf("%d points over %d ms of %v", last+1, s.At[last]-s.At[0], s.Streams)
			}
			for i, want := range []float64{16, 0.75, 3, 2, 0.01, 6000, 2000} {
				list := [][]*float64{s.Viewers, s.Offload, s.Copies, s.Latency, s.Stalls, s.FromPeers, s.FromEdge}[i]
				if list[last] == nil || *list[last] != want || *list[0] != want {
					t.Errorf("%q: list %d has %v and %v, want %v", name, i, list[0], list[last], want)
				}
			}
			unknown := 0
			for _, v := range s.Viewers {
				if v == nil {
					unknown++
				}
			}
			if unknown != 2 {
				t.Errorf("%q: %d points are unknown, want the 2 at which a tracker did not answer", name, unknown)
			}
		}
		if code := get(t, b, "/api/v1/ops/history?stream=none", nil); code != http.StatusNotFound {
			t.Error(code)
		}
	})
}

// TestLatelyIsAllOfIt: what the page says of the last hour is what the trackers' count grew by in it, whose last minute is in no rate as a whole.
func TestLatelyIsAllOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := &admin{is: `["origin","edge","tracker"]`, swarms: one("demo", 4), streams: "[]", began: time.Now()}
		b := newBoard(t, Config{Own: own, Transport: network{}, Files: fstest.MapFS{}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- b.Run(ctx) }()
		defer func() { cancel(); <-ended }()
		for at, seconds := range []float64{75, 3595} {
			time.Sleep(time.Duration(at)*75*time.Minute + 75*time.Second - time.Since(own.began))
			var s struct {
				Lately struct{ Bytes, Seconds float64 }
			}
			if get(t, b, "/api/v1/ops", &s); s.Lately.Bytes != 3000*s.Lately.Seconds || s.Lately.Seconds != seconds {
				t.Errorf("%+v, want %v s of 3000 bytes each", s.Lately, seconds)
			}
		}
	})
}

// TestNowIsAPoint: all that the page has of now is of one moment, with the point that its charts end with, however often and whenever it looks; and that is
// none of those that are kept.
func TestNowIsAPoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := &admin{is: `["origin","edge","tracker"]`, swarms: one("demo", 4), streams: "[]", began: time.Now()}
		b := newBoard(t, Config{Own: own, Transport: network{}, Files: fstest.MapFS{}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- b.Run(ctx) }()
		defer func() { cancel(); <-ended }()
		type points struct {
			At      []int64
			Viewers []float64
		}
		for i := range 10 {
			time.Sleep(3 * time.Second)
			own.mu.Lock()
			own.swarms = one("demo", 5+i)
			own.mu.Unlock()
			var s struct {
				At     time.Time
				Swarms [][]told
				Now    points

				Services []serviceState
			}
			get(t, b, "/api/v1/ops?stream=demo", &s)
			var past points
			get(t, b, "/api/v1/ops/history?stream=demo", &past)
			if len(s.Now.At) != 1 || s.Now.At[0] != s.At.UnixMilli() || s.Now.Viewers[0] != s.Swarms[0][0].Viewers || s.Services[0].Viewers != s.Now.Viewers[0] {
				t.Errorf("swarms %v, now %v, services %v", s.Swarms, s.Now, s.Services)
			}
			for j, at := range past.At { // each 10 s, though the page looks each 3
				if since := time.UnixMilli(at).Sub(own.began); since.Round(every) != time.Duration(j)*every || since > time.Duration(j)*every {
					t.Errorf("point %d is of %v", j, since)
				}
			}
		}
	})
}

// TestHistoryIsBounded: of more streams than have room those with most viewers are kept, and a stream without viewers goes after an hour.
func TestHistoryIsBounded(t *testing.T) {
	h := newHistory()
	many := map[string]sum{}
	for i := range mostStreams + 10 {
		many[fmt.Sprint("s", i)] = sum{viewers: figure(i)}
	}
	now := time.Now()
	h.note(now, sum{}, many)
	if len(h.streams) != mostStreams || h.left != 9 || h.streams["s1"] != nil || h.streams["s73"] == nil { // s0 has no viewers
		t.Errorf("%d streams, %d left", len(h.streams), h.left)
	}
	for range hour + 2 {
		now = now.Add(every)
		h.keep()
		h.note(now, sum{}, map[string]sum{"s73": many["s73"]})
	}
	if len(h.streams) != 1 {
		t.Errorf("%d streams are kept", len(h.streams))
	}
}

func TestControlsGoToAllTrackers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := &admin{is: `["edge"]`}
		one, two := &admin{is: `["tracker"]`, swarms: one("demo", 2), cells: `{"keeps":false}`}, &admin{is: `["tracker"]`, swarms: one("demo", 2), cells: `{"keeps":true}`}
		net := network{"a:1": one, "b:1": two}
		b := newBoard(t, Config{Own: own, Others: []string{"a:1", "b:1"}, Transport: net, Files: fstest.MapFS{}})
		change := func(method string) (int, string) {
			rw := httptest.NewRecorder()
			r := httptest.NewRequest(method, "http://127.0.0.1:9090/api/v1/ops/control/demo", strings.NewReader(`{"p2p":false}`))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Origin", "http://127.0.0.1:9090")
			b.ServeHTTP(rw, r)
			return rw.Code, strings.TrimSpace(rw.Body.String())
		}
		if code, text := change(http.MethodPatch); code != http.StatusServiceUnavailable || !strings.Contains(text, "-ops") {
			t.Errorf("before a tracker is known: %d %s", code, text)
		}
		get(t, b, "/api/v1/ops", nil)
		if code, text := change(http.MethodPatch); code != http.StatusOK || strings.Count(text, `"control":{"p2p":false}`) != 2 {
			t.Errorf("%d %s", code, text)
		}
		const want = `PATCH /api/v1/control/demo {"p2p":false}`
		if len(one.changes) != 1 || one.changes[0] != want || len(two.changes) != 1 || two.changes[0] != want {
			t.Errorf("%q and %q were told", one.changes, two.changes)
		}
		var cells struct{ Keeps bool }
		if get(t, b, "/api/v1/ops/cells/demo", &cells); !cells.Keeps {
			t.Error("the tracker that keeps the cells is not the one that is believed")
		}
		two.dead = true
		if code, text := change(http.MethodPut); code != http.StatusOK || !strings.Contains(text, `"error":"connection refused"`) || one.changes[1] != `PUT /api/v1/control/demo {"p2p":false}` {
			t.Errorf("one of two is away: %d %s", code, text)
		}
		two.dead, one.refuses, two.refuses = false, http.StatusBadRequest, http.StatusBadRequest
		if code, text := change(http.MethodPatch); code != http.StatusBadRequest || !strings.Contains(text, "bad control") {
			t.Errorf("all refuse: %d %s", code, text)
		}
		one.dead, two.dead = true, true
		if code, _ := change(http.MethodPatch); code != http.StatusBadGateway {
			t.Errorf("all are away: %d", code)
		}
	})
}

// hanging is a network on which a service is waited for in vain while it hangs.
type hanging struct {
	network
	hangs atomic.Bool
	asked atomic.Int32 // of all services, what they are
}

func (n *hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/api/v1/service" {
		n.asked.Add(1)
		if n.hangs.Load() && r.URL.Host == "b:1" {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
	}
	return n.network.RoundTrip(r)
}

// TestChangeWaitsForNoLook: who steers is answered while services are asked that do not answer; and what those told who were asked before the change is
// asked for anew by who looks next.
func TestChangeWaitsForNoLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := &hanging{network: network{"a:1": {is: `["tracker"]`, swarms: one("demo", 2)}, "b:1": {is: `["edge"]`}}}
		b := newBoard(t, Config{Own: &admin{is: `["edge"]`}, Others: []string{"a:1", "b:1"}, Transport: net, Files: fstest.MapFS{}})
		get(t, b, "/api/v1/ops", nil)
		time.Sleep(2 * fresh)
		net.hangs.Store(true)
		var looking sync.WaitGroup
		looking.Go(func() { get(t, b, "/api/v1/ops", nil) })
		synctest.Wait()

		began := time.Now()
		rw := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPatch, "http://127.0.0.1:9090/api/v1/ops/control/demo", strings.NewReader(`{"p2p":false}`))
		r.Header.Set("Content-Type", "application/json")
		if b.ServeHTTP(rw, r); rw.Code != http.StatusOK || time.Since(began) > 0 {
			t.Errorf("%d after %v: %s", rw.Code, time.Since(began), rw.Body)
		}
		looking.Wait()
		if b.keep(); b.history.at[0].IsZero() {
			t.Error("a point that is noted after a change has no time")
		}
		net.hangs.Store(false)
		before := net.asked.Load()
		for range 2 { // the second finds what the first was told
			get(t, b, "/api/v1/ops", nil)
			if n := net.asked.Load() - before; n != 2 {
				t.Errorf("after the change %d services were asked, want 2", n)
			}
		}
	})
}

// TestNamesItself: a process that is named to its own page is shown and counted once.
func TestNamesItself(t *testing.T) {
	since := time.Now()
	b := &Board{services: []*service{{}, {name: "10.0.0.1:9090"}, {name: "10.0.0.2:9090"}}}
	told := func(since time.Time) answers {
		return answers{self: &Self{Is: []string{"tracker"}, Since: since}, swarms: []byte("[]")}
	}
	all := b.stateOf([]answers{told(since), told(since), told(since.Add(time.Second))}, nil)
	if len(all.Swarms) != 2 || all.trackers != 2 || all.Services[1].State != away || !strings.Contains(all.Services[1].Why, "-ops") {
		t.Errorf("%d swarms of %d trackers; the second is %s: %s", len(all.Swarms), all.trackers, all.Services[1].State, all.Services[1].Why)
	}
}

// TestNotByThisName: what a service says that is asked under a name that it does not know is what the page shows.
func TestNotByThisName(t *testing.T) {
	other := newBoard(t, Config{Own: &admin{is: `["tracker"]`}, Files: fstest.MapFS{}})
	s := &service{name: "tracker1:9090", by: newInside(other)}
	if told := s.all(t.Context()); told.self != nil || !strings.HasSuffix(told.why, "-ops-host tracker1") {
		t.Errorf("%+v", told)
	}
}

// TestPanics: a handler of this process that panics ends nothing.
func TestPanics(t *testing.T) {
	s := &service{by: newInside(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out") }))}
	if _, err := s.ask(t.Context(), http.MethodGet, "/", nil); err == nil || !strings.Contains(err.Error(), "out") {
		t.Errorf("%v", err)
	}
	s.by = newInside(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }))
	if _, err := s.ask(t.Context(), http.MethodGet, "/", nil); err == nil {
		t.Error("what is no JSON was taken")
	}
}
