package edge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
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
		if u := r.at(1).origins.parents[0]; u.out || !u.back {
			t.Errorf("who answers that it leads back: out %v, back %v", u.out, u.back)
		}
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

// TestChains: nothing that a viewer says goes upstream as he says it, whoever brings it. What may be the name of an edge goes on hashed, and all else not
// at all (RFC 8586 2).
//
// Clause: edge-own-request, edge-circle
func TestChains(t *testing.T) {
	one, two := loopStart+"0123456789abcdef", loopStart+"fedcba9876543210"
	// By sha256sum, of what else each edge must agree on.
	const oneOn, twoOn = loopStart + "b977f1ae14b315c9", loopStart + "334dc1b2f8659220"
	for _, c := range []struct {
		lines []string
		want  string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{one}, oneOn},
		{[]string{one + " ,\t" + two}, oneOn + ", " + twoOn},
		{[]string{one, two}, oneOn + ", " + twoOn},
		{[]string{"cdn.example; loops=1, " + one}, oneOn},
		{[]string{one + ",, cdn.example; a=\"b, c\", , " + two + ","}, oneOn + ", " + twoOn},
		{[]string{"shoal-1, shoal-0123456789ABCDEF, Shoal-0123456789abcdef, " + one + ";a=b, " + one + "0, " + one + "\u00a0"}, ""},
		{[]string{"a\x00b", "ä", strings.Repeat("a", 200)}, ""},
		{[]string{strings.Repeat(one+",", 100) + strings.Repeat(two+",", maxNames)}, strings.Repeat(", "+twoOn, maxNames)[2:]},
		{append(slices.Repeat([]string{one}, 100), slices.Repeat([]string{two}, maxNames-1)...), oneOn + strings.Repeat(", "+twoOn, maxNames-1)},
	} {
		e := newEdge(t, Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
		for _, from := range []string{"192.0.2.1:1", "10.0.0.1:1"} {
			q := httptest.NewRequest(http.MethodGet, partPath, nil)
			q.RemoteAddr = from
			if c.lines != nil {
				q.Header[loopField] = c.lines
			}
			if got := chainOf(q); got != c.want {
				t.Errorf("%q of %s: %q, want %q", c.lines, from, got, c.want)
			}
			if e.origins.cameBack(q) {
				t.Errorf("%q has come back", c.lines)
			}
			w := newEdge(t, Config{})
			for i := range maxNames + 2 {
				way := e.origins
				if i > 0 {
					way = w.origins
				}
				q.Header[loopField] = append([]string{"cdn.example"}, way.named(chainOf(q)), "cdn.example")
				if came := e.origins.cameBack(q); came != (i <= maxNames) {
					t.Errorf("%q after %d more: has come back %v", q.Header[loopField], i, came)
				}
			}
		}
	}
}

// TestInventedNames: what a viewer says in CDN-Loop does not reach the origin, whatever he asks for, and by no way around: neither of his fill nor of the
// questions for health is any of it part.
//
// Clause: edge-own-request, edge-circle
func TestInventedNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		invented := []string{loopStart + "0123456789abcdef", loopStart + "00000000deadbeef", "cdn.example", "a=b"}
		r := newRing(t, 2, "http://o.test")
		r.at(0).config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		for i := range 2 {
			run(t, r.at(i))
		}
		for _, uri := range []string{"/healthz", partPath, playlistPath, playlistPath + "?_HLS_msn=13&_HLS_part=2", "/api/v1/streams/demo", "/whip/demo"} {
			q := httptest.NewRequest(http.MethodGet, uri, nil)
			if strings.HasPrefix(uri, "/whip/") {
				q.Method = http.MethodPost
			}
			q.Header[loopField] = []string{strings.Join(invented, ", "), invented[1]}
			r.at(0).ServeHTTP(httptest.NewRecorder(), q)
			time.Sleep(time.Second)
		}
		r.way.mu.Lock()
		defer r.way.mu.Unlock()
		asked := map[string]int{}
		for _, q := range r.way.seen {
			said := strings.Join(q.Header[loopField], ", ")
			if strings.Count(said, ",") > 1 {
				asked[q.URL.Path]++
			}
			if slices.ContainsFunc(invented, func(name string) bool { return strings.Contains(said, name) }) {
				t.Errorf("%s was asked %s by %q", q.URL.Host, q.URL.Path, said)
			}
		}
		if len(asked) < 5 || asked["/healthz"] == 0 {
			t.Errorf("there is nothing to see: %v", asked)
		}
	})
}

// TestChainsAreFew: whoever asks for health by names that he makes up has an edge ask on but little: once a pulse.
//
// Clause: edge-circle
func TestChainsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRing(t, 0)
		e := newEdge(t, Config{Transport: r.way, Parents: []string{"http://o.test"}})
		run(t, e)
		time.Sleep(time.Second)
		before := r.originWas("/healthz")
		for i := range 10_000 {
			q := httptest.NewRequest(http.MethodGet, "/healthz", nil)
			q.Header.Set(loopField, fmt.Sprintf("%s%016x", loopStart, i))
			e.ServeHTTP(httptest.NewRecorder(), q)
			time.Sleep(time.Millisecond)
		}
		if n := r.originWas("/healthz") - before; n < 50 || n > 101 {
			t.Errorf("10,000 questions in 10 s are asked on %d times", n)
		}
	})
}

// TestChainsAreBounded: whatever chains come, few wait, few are remembered, none is asked on twice, and of a head of names no more is kept than counts.
func TestChainsAreBounded(t *testing.T) {
	now := time.Now()
	wait := newEdge(t, Config{}).origins
	for range 3 {
		wait.follow("", now)
		wait.follow("again", now)
	}
	if len(wait.chains) != 1 || wait.chains[0] != "again" {
		t.Errorf("%q wait", wait.chains)
	}
	for i := range 10_000 {
		wait.follow(fmt.Sprint(i), now)
	}
	if len(wait.chains) != maxChains || wait.chains[0] != "again" || len(wait.followed) != maxChains {
		t.Errorf("%q wait, %d are remembered", wait.chains, len(wait.followed))
	}
	for i := range 10_000 {
		wait.chains = nil // they are asked on
		wait.follow(fmt.Sprint(i), now)
	}
	if n := len(wait.followed); n > maxFollowed || n == 0 {
		t.Errorf("%d are remembered", n)
	}
	q := &http.Request{Header: http.Header{loopField: slices.Repeat([]string{strings.Repeat(loopStart+"0123456789abcdef,", 100)}, 100)}}
	if n := len(names(q)); n != maxNames+1 {
		t.Errorf("of 10,000 names %d are looked at", n)
	}
}

// TestAskedOn: a chain is asked on of all upstreams but those that are out or lead back.
//
// Clause: edge-circle
func TestAskedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := newSource(healthy(stage))
		e := newEdge(t, Config{Transport: way, Parents: []string{"http://p.test", "http://out.test", "http://back.test"}, Origins: []string{"http://o.test"}})
		e.origins.parents[1].out = true
		e.origins.leadsBack(e.origins.parents[2], "")
		e.origins.askOn(t.Context())
		e.origins.follow(loopStart+"0123456789abcdef", time.Now())
		e.origins.askOn(t.Context())
		e.origins.askOn(t.Context())
		e.origins.probes.Wait()
		var asked []string
		for _, q := range way.seen {
			asked = append(asked, q.URL.Host+q.URL.Path+" "+q.Header.Get(loopField))
		}
		slices.Sort(asked)
		said := "/healthz " + loopStart + "0123456789abcdef, " + e.origins.self[0]
		if want := []string{"o.test" + said, "p.test" + said}; !slices.Equal(asked, want) {
			t.Errorf("%q are asked, want %q", asked, want)
		}
	})
}

// FuzzChains: whatever a viewer says, what goes upstream of it are names of edges, few, and none that he said.
func FuzzChains(f *testing.F) {
	f.Add("shoal-0123456789abcdef, cdn.example;a=b", "shoal-0123456789abcdef")
	f.Add(",,\t,", "shoal-\x00")
	f.Fuzz(func(t *testing.T, one, two string) {
		q := &http.Request{Header: http.Header{loopField: {one, two}}, RemoteAddr: "192.0.2.1:1"}
		chain := chainOf(q)
		if chain == "" {
			return
		}
		list := strings.Split(chain, ", ")
		if len(list) > maxNames || slices.ContainsFunc(list, func(name string) bool { return !isEdge(name) || strings.Contains(one+","+two, name) }) {
			t.Errorf("%q", chain)
		}
	})
}
