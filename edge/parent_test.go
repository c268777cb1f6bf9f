package edge

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var threeParents = []string{"http://p0.test", "http://p1.test", "http://p2.test"}

// TestRanked: objects spread over the parents evenly, all edges agree, and when a parent goes only what was its moves.
func TestRanked(t *testing.T) {
	u := newOrigins(threeParents, nil, nil, nil)
	fewer := newOrigins(threeParents[:2], nil, nil, nil)
	count := map[string]int{}
	for i := range 3000 {
		uri := fmt.Sprintf("/live/demo/v0/1700000000/s%d.%d.m4s", i/6, i%6)
		first := ranked(u.parents, uri)[0].base
		count[first]++
		if now := ranked(fewer.parents, uri)[0].base; first != "http://p2.test" && now != first {
			t.Fatalf("%s has moved from %s to %s", uri, first, now)
		}
		if i > 100 {
			continue
		}
		for _, query := range []string{"?_HLS_msn=1", "?_HLS_msn=2&_HLS_part=3", "?_HLS_skip=YES"} {
			path := fmt.Sprintf("/live/s%d/v0/index.m3u8", i)
			if got, want := ranked(u.parents, path+query)[0], ranked(u.parents, path)[0]; got != want {
				t.Errorf("%s%s is held at %s, and the playlist comes from %s", path, query, got.base, want.base)
			}
		}
	}
	for base, n := range count {
		if n < 900 || n > 1100 {
			t.Errorf("%s has %d of 3000 objects", base, n)
		}
	}
}

// TestParents: parents are asked for their objects before the origins, and one that does not answer is out until it does.
func TestParents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := newFreeze(healthy(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/live/demo/v0/1/s404.m4s":
				w.WriteHeader(http.StatusNotFound)
			case "/live/demo/v0/1/s502.m4s":
				if r.URL.Host != "o.test" {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
			}
			w.Write([]byte(r.URL.Host))
		}))
		e := newEdge(t, Config{Transport: way, Parents: threeParents, Origins: []string{"http://o.test"}})
		run(t, e)
		next := 0
		from := func() map[string]int {
			count := map[string]int{}
			for range 60 {
				next++
				count[get(e, fmt.Sprintf("/live/demo/v0/1/s%d.m4s", 1000+next)).Body.String()]++
			}
			return count
		}
		if got := from(); len(got) != 3 || got["o.test"] > 0 {
			t.Errorf("with three parents: %v", got)
		}
		way.lose("p1.test", true)
		if got := from(); len(got) != 2 || got["p1.test"] > 0 || got["o.test"] > 0 {
			t.Errorf("with two: %v", got)
		}
		asked := way.met()
		from()
		if way.met() != asked {
			t.Errorf("one that is out was asked %d times", way.met()-asked)
		}
		way.lose("p0.test", true)
		way.set("p2.test", true)
		start := time.Now()
		if got := from(); got["o.test"] != 60 || time.Since(start) > known {
			t.Errorf("with none: %v after %v", got, time.Since(start))
		}
		way.lose("p0.test", false)
		way.lose("p1.test", false)
		way.set("p2.test", false)
		time.Sleep(probeInterval + pulse)
		if got := from(); len(got) != 3 || got["o.test"] > 0 {
			t.Errorf("with three again: %v", got)
		}
		before := way.total("/live/demo/v0/1/s404")
		if w := get(e, "/live/demo/v0/1/s404.m4s"); w.Code != http.StatusNotFound || way.total("/live/demo/v0/1/s404") != before+1 {
			t.Errorf("what a parent has not: %d after %d requests", w.Code, way.total("/live/demo/v0/1/s404"))
		}
		if w := get(e, "/live/demo/v0/1/s502.m4s"); w.Body.String() != "o.test" {
			t.Errorf("what no parent gets: %d %s", w.Code, w.Body)
		}
	})
}

// TestTiers: an edge behind two edges behind an origin. However many viewers hold a reload at the first, one is held at
// the origin, and each object leaves it once.
func TestTiers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".m4s") {
				w.Write(partBytes)
				return
			}
			b.ServeHTTP(w, r)
		})
		parents := map[string]*Edge{}
		for _, host := range []string{"p0.test", "p1.test"} {
			parents[host] = newEdge(t, Config{Transport: src})
		}
		tier := newSource(func(w http.ResponseWriter, r *http.Request) { parents[r.URL.Host].ServeHTTP(w, r) })
		var edges []*Edge
		for range 3 {
			edges = append(edges, newEdge(t, Config{Transport: tier, Parents: []string{"http://p0.test", "http://p1.test"}}))
		}
		uri := playlistPath + "?_HLS_msn=13&_HLS_part=2"
		for _, e := range edges {
			get(e, playlistPath)
			leave := hold(e, uri, 100)
			defer leave()
		}
		for i := range 40 {
			for _, e := range edges {
				get(e, fmt.Sprintf("/live/demo/v0/1700000000/s%d.m4s", i))
			}
		}
		if n := src.total(playlistPath + "?"); n != 1 {
			t.Errorf("%d reloads are held at the origin", n)
		}
		if n := src.total("/live/demo/v0/1700000000/"); n != 40 {
			t.Errorf("40 objects left the origin %d times", n)
		}
		b.grow()
		if w := get(edges[0], uri); w.Body.String() != playlist(12, 3) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
