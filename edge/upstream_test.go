package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// TestUpstreams: what is noted of an upstream decides when it is asked next, and nothing is left of what has ended.
func TestUpstreams(t *testing.T) {
	both := []string{"http://a.test", "http://b.test"}
	from := func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Host) }
	for _, c := range []struct {
		name string
		do   func(t *testing.T, way *freeze, e *Edge)
	}{
		{"nothing is left of answers", func(t *testing.T, way *freeze, e *Edge) {
			for i := range 10 {
				get(e, segment(i))
			}
			e.flights.Wait()
			for _, u := range e.origins.all() {
				if n := len(u.waits); n != 0 {
					t.Errorf("%d requests to %s are noted", n, u.base)
				}
			}
		}},
		{"one that broke off is asked last for a while", func(t *testing.T, way *freeze, e *Edge) {
			watch(e, "/live/demo/v0/1/s7777.m4s", new(reader)) // breaks off at a
			e.flights.Wait()
			e.origins.first.Store(0)
			if got := get(e, segment(1)).Body.String(); got != "b.test" {
				t.Errorf("the next comes from %s", got)
			}
			time.Sleep(brokeTime)
			e.origins.first.Store(0)
			if got := get(e, segment(2)).Body.String(); got != "a.test" {
				t.Errorf("later they come from %s", got)
			}
		}},
		{"one that was out is in when it answers", func(t *testing.T, way *freeze, e *Edge) {
			way.lose("a.test", true)
			way.lose("b.test", true)
			get(e, segment(1))
			if n := e.origins.out(); n != 2 {
				t.Errorf("%d are out", n)
			}
			way.lose("a.test", false)
			way.lose("b.test", false)
			time.Sleep(brokenLife)
			if w := get(e, segment(1)); w.Code != http.StatusOK || e.origins.out() != 1 {
				t.Errorf("%d, %d are out", w.Code, e.origins.out())
			}
		}},
		{"one that is out has no long time, when others were asked", func(t *testing.T, way *freeze, e *Edge) {
			way.lose("a.test", true)
			get(e, segment(1))
			way.lose("a.test", false)
			way.set("a.test", true)
			start := time.Now()
			if w := get(e, "/live/demo/v0/1/s404.m4s"); w.Code != http.StatusNotFound || time.Since(start) != outPatience {
				t.Errorf("%d after %v", w.Code, time.Since(start))
			}
			way.set("a.test", false)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				way := newFreeze(healthy(func(w http.ResponseWriter, r *http.Request) {
					switch r.URL.Path {
					case "/live/demo/v0/1/s404.m4s":
						w.WriteHeader(http.StatusNotFound)
					case "/live/demo/v0/1/s7777.m4s":
						if r.URL.Host == "a.test" {
							io.WriteString(w, "a")
							panic(io.ErrUnexpectedEOF)
						}
					}
					from(w, r)
				}))
				c.do(t, way, newEdge(t, Config{Transport: way, Origins: both})) // Run does not run: nobody is probed
			})
		})
	}
}

// TestDoubt: one whose connection breaks is probed at once.
func TestDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Origins: []string{"http://a.test", "http://b.test"}, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "a.test" {
				return nil, errors.New("connection reset by peer")
			}
			return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}}, nil
		})})
		run(t, e)
		get(e, segment(1))
		time.Sleep(pulse)
		synctest.Wait()
		if e.origins.out() != 1 {
			t.Errorf("%d are out", e.origins.out())
		}
	})
}

// TestBrokenAnswersAreForgotten: what a broken answer has reserved is not reserved twice.
func TestBrokenAnswersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		e := newEdge(t, Config{MemoryBytes: 80 << 10, Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(partBytes)))
			if tries++; tries == 1 {
				w.WriteHeader(http.StatusOK)
				panic(io.ErrUnexpectedEOF)
			}
			w.Write(partBytes)
		})})
		if w := get(e, partPath); w.Code != http.StatusOK || tries != 2 {
			t.Errorf("%d after %d tries", w.Code, tries)
		}
	})
}

// TestStaleFromAParent: what a parent serves stale is asked for four times a second, not for each viewer.
func TestStaleFromAParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "public, max-age=1")
			w.Header().Set("Age", "5")
			io.WriteString(w, playlist(12, 2))
		})
		e := newEdge(t, Config{Transport: src, Parents: []string{"http://p.test"}})
		for range 100 {
			if w := get(e, playlistPath); w.Code != http.StatusOK || w.Header().Get("Age") < "5" {
				t.Fatalf("%d, Age %s", w.Code, w.Header().Get("Age"))
			}
			time.Sleep(10 * time.Millisecond)
		}
		if n := src.total(""); n > 5 {
			t.Errorf("%d fills in a second", n)
		}
	})
}

// TestLeavingIsNoFault: who leaves in the midst of an answer, or an edge that ends, says nothing of the origin.
func TestLeavingIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusCreated)
			w.Write([]byte("v=0"))
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		})
		e := newEdge(t, Config{Origins: []string{"http://a.test", "http://b.test"}, Transport: src})
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan struct{})
		go func() {
			e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/whip/demo", nil).WithContext(ctx))
			close(left)
		}()
		synctest.Wait()
		leave()
		<-left
		if u := e.origins.bases[0]; u.doubted || u.trust(time.Now(), nil) != sure || src.total("/whip/demo") != 1 {
			t.Errorf("doubted %v, trust %d, asked %d times", u.doubted, u.trust(time.Now(), nil), src.total("/whip/demo"))
		}
	})
}

// TestReading: only who reads waits for bytes, and an answer that makes no progress has others asked first.
func TestReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Origins: []string{"http://a.test", "http://b.test"}, Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte("a"))
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		})})
		u := e.origins.bases[0]
		resp, err := e.origins.send(t.Context(), request{method: http.MethodGet, uri: "/x", patience: livePatience})
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 10)
		if n, err := resp.Body.Read(b); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		time.Sleep(time.Minute)
		if u.quiet(time.Now()) {
			t.Error("who does not read waits")
		}
		start := time.Now()
		if _, err := resp.Body.Read(b); !errors.Is(err, errFrozen) || time.Since(start) != bodyPause {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		resp.Body.Close()
		if u.trust(time.Now(), nil) != shaky || !u.doubted || len(u.waits) > 0 {
			t.Errorf("trust %d, doubted %v, %d are noted", u.trust(time.Now(), nil), u.doubted, len(u.waits))
		}
	})
}
