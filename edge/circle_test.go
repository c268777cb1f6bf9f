package edge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/edge/http1"
)

// ring is edges whose parents are the next one each, the last one's the first, and an origin behind.
type ring struct {
	way   *source
	stage http.HandlerFunc // of the origin
	logs  []*bytes.Buffer
	mu    sync.Mutex
	edges map[string]*Edge
}

func newRing(t *testing.T, size int, origins ...string) *ring {
	r := &ring{edges: map[string]*Edge{}, stage: stage}
	r.way = newSource(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		e := r.edges[q.URL.Host]
		r.mu.Unlock()
		if e != nil {
			e.ServeHTTP(w, q)
			return
		}
		healthy(r.stage)(w, q)
	})
	for i := range size {
		log := new(bytes.Buffer)
		r.logs = append(r.logs, log)
		r.edges[fmt.Sprintf("e%d.test", i)] = newEdge(t, Config{Transport: r.way, Origins: origins, Log: slog.New(slog.NewTextHandler(log, nil)),
			Parents: []string{fmt.Sprintf("http://e%d.test", (i+1)%size)}})
	}
	return r
}

// at returns the edge of a number.
func (r *ring) at(i int) *Edge { return r.edges[fmt.Sprintf("e%d.test", i)] }

// originWas returns how often the origin was asked for what begins so.
func (r *ring) originWas(asked string) (n int) {
	r.way.mu.Lock()
	defer r.way.mu.Unlock()
	for _, q := range r.way.seen {
		if q.URL.Host == "o.test" && strings.HasPrefix(q.URL.Path, asked) {
			n++
		}
	}
	return n
}

// TestCircle: where edges are parents of each other, or of themselves, what is asked for comes from the origin at once.
//
// Clause: edge-circle
func TestCircle(t *testing.T) {
	for _, size := range []int{1, 2, 3} {
		for _, uri := range []string{partPath, playlistPath, playlistPath + "?_HLS_msn=13&_HLS_part=2", "/live/demo/index.m3u8", "/api/v1/streams/demo"} {
			synctest.Test(t, func(t *testing.T) {
				r := newRing(t, size, "http://o.test")
				began := time.Now()
				if w := get(r.at(0), uri); w.Code != http.StatusOK || time.Since(began) != 0 || r.originWas("/") == 0 {
					t.Errorf("%d edges, %s: %d after %v, the origin was asked %d times: %.100s", size, uri, w.Code, time.Since(began), r.originWas("/"), w.Body)
				}
				synctest.Wait()
				last := r.logs[size-1].String() // who was refused
				if n := strings.Count(last, "leads back to this edge"); n != 1 || !strings.Contains(last, "http://e0.test") {
					t.Errorf("%d edges, %s: it is said %d times: %s", size, uri, n, last)
				}
				for i := range size {
					r.at(i).flights.Wait()
				}
			})
		}
	}
}

// TestCircleAtOnce: where all of them begin to ask at once each waits for the next, and none is asked by itself. They find out when they ask how
// the others are, whoever began first.
//
// Clause: edge-circle
func TestCircleAtOnce(t *testing.T) {
	for _, size := range []int{1, 2, 3} {
		for _, early := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				r := newRing(t, size, "http://o.test")
				for i := range size {
					run(t, r.at(i))
				}
				if !early {
					time.Sleep(time.Second)
				}
				for _, uri := range []string{partPath, "/live/demo/v0/1700000000/s14.m4s", playlistPath + "?_HLS_msn=13&_HLS_part=2"} {
					began := time.Now()
					var all sync.WaitGroup
					for i := range size {
						all.Go(func() {
							if w := get(r.at(i), uri); w.Code != http.StatusOK {
								t.Errorf("%d edges, %s at %d: %d %s", size, uri, i, w.Code, w.Body)
							}
						})
					}
					all.Wait()
					most := time.Second / 2
					if !early {
						most = 0
					}
					if took := time.Since(began); took > most {
						t.Errorf("%d edges, early %v, %s: after %v", size, early, uri, took)
					}
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				found := 0 // by how many: where one does not ask the next, the others may
				for i := range size {
					n := strings.Count(r.logs[i].String(), "leads back to this edge")
					if found += n; n > 1 || r.at(i).origins.out() != n || r.at(i).Ready() != nil {
						t.Errorf("%d edges, at %d it is said %d times, %d are out, %v: %s", size, i, n, r.at(i).origins.out(), r.at(i).Ready(), r.logs[i])
					}
				}
				if found == 0 {
					t.Errorf("%d edges: nobody says it", size)
				}
			})
		}
	}
}

// TestCircleAlone: edges that ask nobody but each other say so, at once, and go on when one of them is mended.
//
// Clause: edge-circle, errors
func TestCircleAlone(t *testing.T) {
	for _, size := range []int{1, 2, 3} {
		synctest.Test(t, func(t *testing.T) {
			r := newRing(t, size)
			for i := range size {
				run(t, r.at(i))
			}
			for i := range size {
				for _, uri := range []string{partPath, playlistPath, playlistPath + "?_HLS_msn=13&_HLS_part=2"} {
					began := time.Now()
					if w := get(r.at(i), uri); w.Code != http.StatusBadGateway || time.Since(began) > time.Second/2 || !strings.Contains(w.Body.String(), "-parents") {
						t.Errorf("%d edges, %s at %d: %d after %v: %s", size, uri, i, w.Code, time.Since(began), w.Body)
					}
				}
			}
			time.Sleep(time.Second)
			found := size // an edge that does not ask the next
			for i := range size {
				if err := r.at(i).Ready(); err != nil && strings.Contains(err.Error(), errLoop.Error()) && get(r.at(i), "/readyz").Code == http.StatusServiceUnavailable {
					found = i
				}
			}
			if found == size {
				t.Fatalf("%d edges, and all are ready", size)
			}
			mended := newEdge(t, Config{Transport: r.way, Origins: []string{"http://o.test"}})
			run(t, mended)
			r.mu.Lock()
			r.edges[fmt.Sprintf("e%d.test", (found+1)%size)] = mended
			r.mu.Unlock()
			time.Sleep(time.Second)
			if size == 1 {
				return
			}
			for i := range size {
				if w := get(r.at(i), partPath); w.Code != http.StatusOK || r.at(i).Ready() != nil || r.at(i).origins.out() > 0 {
					t.Errorf("%d edges, with one mended, at %d: %d %s, %v", size, i, w.Code, w.Body, r.at(i).Ready())
				}
			}
			synctest.Wait()
			if !strings.Contains(r.logs[found].String(), "an upstream answers again") {
				t.Errorf("%d edges: that it is mended is not said: %s", size, r.logs[found])
			}
		})
	}
}

// TestCircleMended: who has been left out is asked again when it leads elsewhere, also where nothing failed meanwhile, since there is an origin.
//
// Clause: edge-circle
func TestCircleMended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRing(t, 2, "http://o.test")
		run(t, r.at(1))
		if w := get(r.at(0), partPath); w.Code != http.StatusOK || r.at(1).origins.out() != 1 {
			t.Fatalf("%d, %d are out", w.Code, r.at(1).origins.out())
		}
		time.Sleep(time.Second)
		synctest.Wait()
		u := r.at(1).origins.parents[0]
		u.mu.Lock()
		if u.out || !u.back {
			t.Errorf("who answers that it leads back: out %v, back %v", u.out, u.back)
		}
		u.mu.Unlock()
		mended := newEdge(t, Config{Transport: r.way, Origins: []string{"http://o.test"}})
		r.mu.Lock()
		r.edges["e0.test"] = mended
		r.mu.Unlock()
		time.Sleep(time.Second)
		synctest.Wait()
		if said := r.logs[1].String(); r.at(1).origins.out() != 0 || strings.Count(said, "an upstream answers again") != 1 {
			t.Errorf("%d are out: %s", r.at(1).origins.out(), said)
		}
	})
}

// TestCircleOfBroadcasters: what changes something goes on to the next where it was refused since it came back, and not where it may have been done.
//
// Clause: edge-circle
func TestCircleOfBroadcasters(t *testing.T) {
	r := newRing(t, 2, "http://o.test")
	if w := ask(r.at(0), http.MethodPost, "/whip/demo"); w.Code != http.StatusNotFound || r.originWas("/whip/demo") != 1 {
		t.Errorf("%d, the origin was asked %d times", w.Code, r.originWas("/whip/demo"))
	}
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		e := newEdge(t, Config{Parents: []string{"http://p.test"}, Origins: []string{"http://o.test"}, Transport: roundTrip(func(q *http.Request) (*http.Response, error) {
			asked[q.URL.Host]++
			<-q.Context().Done()
			return nil, context.Cause(q.Context())
		})})
		time.AfterFunc(time.Second, func() { e.origins.leadsBack(e.origins.parents[0], "") })
		_, err := e.origins.send(t.Context(), request{method: http.MethodPost, uri: "/whip/demo", patience: whipPatience})
		if !errors.Is(err, errLeft) || asked["p.test"] != 1 || asked["o.test"] != 0 {
			t.Errorf("%v, they were asked %v", err, asked)
		}
	})
}

// TestNoCircle: edges in tiers, with parents in common, are none.
func TestNoCircle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRing(t, 0)
		for name, parents := range map[string][]string{"a": {"b", "c"}, "b": {"d", "c"}, "c": {"d"}, "d": {"o"}} {
			config := Config{Transport: r.way}
			for _, p := range parents {
				config.Parents = append(config.Parents, "http://"+p+".test")
			}
			r.edges[name+".test"] = newEdge(t, config)
			run(t, r.edges[name+".test"])
		}
		for i := range 20 {
			for name, e := range r.edges {
				if w := get(e, segment(i)); w.Code != http.StatusOK || e.origins.out() != 0 {
					t.Errorf("%s: %d, %d are out", name, w.Code, e.origins.out())
				}
			}
			time.Sleep(time.Second)
		}
		if n := r.originWas("/live/"); n != 20 {
			t.Errorf("20 objects left the origin %d times", n)
		}
	})
}

// TestCircleIsNotReady: an edge that finds out that all it asks leads back is not ready, though nobody has asked it for anything yet.
//
// Clause: edge-circle
func TestCircleIsNotReady(t *testing.T) {
	e := newEdge(t, Config{Parents: []string{"http://p.test"}, Origins: []string{"http://o.test"}})
	for _, u := range e.origins.all() {
		if err := e.Ready(); err != nil {
			t.Errorf("%v, while one is left", err)
		}
		e.origins.leadsBack(u, "")
	}
	if err := e.Ready(); !errors.Is(err, errLoop) {
		t.Errorf("%v, while all lead back", err)
	}
	if w := get(e, "/readyz"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "lead back to it") || strings.Contains(w.Body.String(), ".test") {
		t.Errorf("who asks is told %d %s", w.Code, w.Body)
	}
}

// TestHeldInACircle: who asks by another edge is not held by the front, which does not look whether it is this edge's own request that has come back. All others are.
//
// Clause: edge-circle
func TestHeldInACircle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(newBroadcast(12, 2).ServeHTTP)})
		get(e, playlistPath)
		uri := playlistPath + "?_HLS_msn=13&_HLS_part=2"
		leave := hold(e, uri, 1)
		for _, chained := range []bool{false, true} {
			a, ok := e.Hit(netip.Addr{}, &http1.Head{Target: []byte(uri), Whole: true, Chained: chained}, time.Now())
			if ok == chained {
				t.Errorf("chained %v: held %v", chained, ok)
			}
			if a.Wait != nil {
				a.Wait.Leave(false)
			}
		}
		if _, ok := e.Hit(netip.Addr{}, &http1.Head{Target: []byte(playlistPath), Whole: true, Chained: true}, time.Now()); !ok {
			t.Error("what is there is not sent to who asks by another edge")
		}
		leave()
		e.stop(nil)
		e.flights.Wait()
	})
}
