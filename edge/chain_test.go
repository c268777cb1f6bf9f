package edge

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

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
		const own = int(10*time.Second/idleInterval) + 1 // that the edge asks for itself
		if n := r.originWas("/healthz") - before; n < 50 || n > 101+own {
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
