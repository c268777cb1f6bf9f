package edge

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lastPlace is the last that followInTime asks for.
const lastPlace = playlistPath + "?_HLS_msn=13&_HLS_part=4"

// askAhead returns how to ask e as a viewer of its front does, and what ends that.
func askAhead(t *testing.T, e *Edge) (ask func(uri string) (status int, body string), end func()) {
	viewer, end := serveAhead(e, e)
	by := asker(t, viewer)
	return func(uri string) (int, string) {
		r, body := by(uri, "")
		return r.StatusCode, body
	}, end
}

// TestLoneLate: somebody whom nobody goes before asks for a place of some time ago, again and again. What he gets is not older than a second, and two at
// the edge behind another; the origin is asked for no more than a playlist a second, however many there are.
//
// Clause: hls-old-msn, http-collapse
func TestLoneLate(t *testing.T) {
	for _, tiers := range []int{1, 2} {
		for _, ahead := range []bool{true, false} {
			t.Run(fmt.Sprintf("tiers=%d ahead=%v", tiers, ahead), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBroadcast(12, 2)
					src := newSource(b.ServeHTTP)
					e := newEdge(t, Config{Transport: src})
					if tiers == 2 {
						e = newEdge(t, Config{Transport: newSource(e.ServeHTTP), Parents: []string{"http://p.test"}})
					}
					ask := func(uri string) (int, string) { w := get(e, uri); return w.Code, w.Body.String() }
					if ahead {
						var end func()
						ask, end = askAhead(t, e)
						defer end()
					}
					followInTime(t, e, b)
					asked, was := src.total(""), []string{playlist(12, 5)}
					for i := range 16 { // 1.6 s
						time.Sleep(100 * time.Millisecond)
						if i%3 == 2 {
							b.grow()
						}
						was = append(was, playlist(12+(5+(i+1)/3)/6, (5+(i+1)/3)%6))
						var others sync.WaitGroup
						for range 20 {
							others.Go(func() { get(e, lastPlace) })
						}
						status, body := ask(lastPlace)
						others.Wait()
						allowed := was[max(0, len(was)-1-10*tiers):]
						if status != http.StatusOK || !strings.Contains(strings.Join(allowed, ""), body) {
							t.Errorf("after %d ms: %d %s", (i+1)*100, status, body)
						}
					}
					if n := src.total("") - asked; n < 1 || n > 2 {
						t.Errorf("%d requests upstream", n)
					}
				})
			})
		}
	}
}

// TestNobodyIsLateWhileOthersWait: where what comes next is held already, who asks for what was last has that, though nothing comes for a while: the
// origin is asked for each part once, and for no more.
//
// Clause: http-collapse
func TestNobodyIsLateWhileOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		src := newSource(b.ServeHTTP)
		e := newEdge(t, Config{Transport: src})
		get(e, playlistPath)
		var all sync.WaitGroup
		for part := 2; part < 6; part++ {
			for range 20 {
				all.Go(func() { get(e, fmt.Sprintf("%s?_HLS_msn=13&_HLS_part=%d", playlistPath, part)) })
			}
			synctest.Wait()
			for range 16 { // 1.6 s
				time.Sleep(100 * time.Millisecond)
				if part == 2 {
					continue // of which nobody was held for the last
				}
				if w := get(e, fmt.Sprintf("%s?_HLS_msn=13&_HLS_part=%d", playlistPath, part-1)); w.Body.String() != playlist(12, part) {
					t.Errorf("before part %d: %s", part, w.Body)
				}
			}
			b.grow()
			all.Wait()
		}
		if n := src.total(""); n != 5 {
			t.Errorf("%d requests upstream for a playlist and four parts", n)
		}
	})
}

// TestAwaited: what is held, in whichever form, tells that nothing newer has come.
func TestAwaited(t *testing.T) {
	for _, c := range []struct {
		asked, held string
		want        bool
	}{
		{"_HLS_msn=13&_HLS_part=4", "_HLS_msn=13&_HLS_part=5", true},
		{"_HLS_msn=13&_HLS_part=4", "_HLS_msn=13&_HLS_part=5&_HLS_skip=YES", true},
		{"_HLS_msn=13&_HLS_part=4&_HLS_skip=YES", "_HLS_msn=13&_HLS_part=5", true},
		{"_HLS_msn=13&_HLS_part=4", "_HLS_msn=13", false}, // parts may have come
		{"_HLS_msn=13&_HLS_part=4", "_HLS_msn=13&_HLS_part=6", false},
		{"_HLS_msn=12", "_HLS_msn=13", true},
		{"_HLS_msn=12", "_HLS_msn=13&_HLS_part=5", true},
		{"_HLS_msn=12", "_HLS_msn=14", false},
		{"_HLS_msn=12", "", false},
	} {
		o := newObject(targetAt(t, playlistPath+"?"+c.asked), playlistPath+"?"+c.asked)
		o.position = readPosition([]byte(playlist(12, 5)))
		cache := newCache(1 << 20)
		held, _, _ := cache.join(targetAt(t, playlistPath+"?"+c.held), playlistPath+"?"+c.held, time.Now())
		if got := cache.awaited(o); got != c.want {
			t.Errorf("%s while %s is held: %v", c.asked, c.held, got)
		}
		close(held.done)
		if cache.awaited(o) {
			t.Errorf("%s when %s has come", c.asked, c.held)
		}
	}
}

// TestNewestFor: what nothing newer is known of is good for a second, and as long as somebody has told within one that it is the newest.
func TestNewestFor(t *testing.T) {
	const second = plainLife
	now := time.Now()
	reaching := func(o *object, parts int, until time.Duration) *object {
		o.position, o.expires = position{last: 12, parts: parts, present: true}, now.Add(until)
		close(o.done)
		return o
	}
	for _, c := range []struct {
		name  string
		age   time.Duration
		ended bool
		known func(plain *object)
		same  bool // it is given as it is
	}{
		{"young, beside none", second - 1, false, nil, true},
		{"old, beside none", second, false, nil, false},
		{"ended, beside none", second, true, nil, true},
		{"young, beside one that is asked for", second - 1, false, func(*object) {}, true},
		{"old, beside one that is asked for", second, false, func(*object) {}, false},
		{"young, beside one that is further and asked for anew", 0, false, func(o *object) { o.reached = position{last: 13, present: true} }, false},
		{"old, beside one that is as far", second, false, func(o *object) { reaching(o, 5, 1) }, true},
		{"old, beside one that was as far a second ago", second, false, func(o *object) { reaching(o, 5, 0) }, false},
		{"young, beside one that was as far a second ago", second - 1, false, func(o *object) { reaching(o, 5, 0) }, true},
		{"old, beside one that is behind", second, false, func(o *object) { reaching(o, 4, 1) }, true},
		{"young, beside one that was further a second ago", 0, false, func(o *object) { reaching(o, 6, 0) }, false},
	} {
		cache, place := newCache(1<<20), targetAt(t, lastPlace)
		o := reaching(newObject(place, lastPlace), 5, time.Minute)
		o.born, o.position.ended = now.Add(-c.age), c.ended
		if c.known != nil {
			plain, _, _ := cache.join(place.unheld(), playlistPath, now)
			c.known(plain)
		}
		if got := cache.newestFor(o, now); (got == o) != c.same || got != nil && !c.same {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestLoneLateAway: while the origin is away, gone or frozen, who is late has the newest that is known for as long as that is of use, after a second at
// most, and what comes after its return within a second.
//
// Clause: http-stale
func TestLoneLateAway(t *testing.T) {
	for _, frozen := range []bool{false, true} {
		for _, ahead := range []bool{true, false} {
			t.Run(fmt.Sprintf("frozen=%v ahead=%v", frozen, ahead), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBroadcast(12, 2)
					way := newFreeze(healthy(b.ServeHTTP))
					e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test"}})
					run(t, e)
					followInTime(t, e, b)
					away := way.lose
					if frozen {
						away = way.set
					}
					ask := func(uri string) (int, string) { w := get(e, uri); return w.Code, w.Body.String() }
					if ahead {
						var end func()
						ask, end = askAhead(t, e)
						defer end()
					}
					since := time.Now()
					away("a.test", true)
					for time.Since(since) < leastUseful-2*time.Second {
						asked := time.Now()
						if status, body := ask(lastPlace); status != http.StatusOK || body != playlist(12, 5) || time.Since(asked) > stalePatience {
							t.Fatalf("after %v: %d in %v %s", time.Since(since), status, time.Since(asked), body)
						}
						time.Sleep(300 * time.Millisecond)
					}
					if n := way.met(); n < 10 || n > 300 { // some 90 questions, of up to two requests each, and a probe now and then
						t.Errorf("%d requests met a fault", n)
					}
					away("a.test", false)
					b.grow()
					time.Sleep(time.Second)
					if status, body := ask(lastPlace); status != http.StatusOK || body != playlist(13, 0) {
						t.Errorf("a second after its return: %d %s", status, body)
					}
				})
			})
		}
	}
}

// TestLoneLateKept: what is kept for a place is given for as long as it may be where the origin fails, and nothing stale is to be had, or where another that
// is behind answers.
//
// Clause: http-stale
func TestLoneLateKept(t *testing.T) {
	for name, then := range map[string]http.HandlerFunc{
		"fails":  func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"behind": func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, playlist(12, 3)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBroadcast(12, 2)
				serve := b.ServeHTTP
				src := newSource(func(w http.ResponseWriter, r *http.Request) { serve(w, r) })
				e := newEdge(t, Config{Transport: src})
				followInTime(t, e, b)
				serve = then
				if time.Sleep(1100 * time.Millisecond); name == "fails" {
					e.cache.forget(e.cache.look(playlistPath))
				}
				asked := src.total("")
				if w := get(e, lastPlace); w.Code != http.StatusOK || w.Body.String() != playlist(12, 5) {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				if n := src.total("") - asked; n != 1 {
					t.Errorf("%d requests upstream", n)
				}
				time.Sleep(time.Second)
				if w := get(e, lastPlace); w.Code == http.StatusOK && w.Body.String() == playlist(12, 5) {
					t.Error("it is given for longer than it may be kept")
				}
			})
		})
	}
}
