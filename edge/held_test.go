package edge

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestHeldAhead: viewers whom the front holds are counted, bounded and released as others are.
func TestHeldAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		src := newSource(b.ServeHTTP)
		e := newEdge(t, Config{Transport: src, MaxHeld: 20})
		get(e, playlistPath)
		cache := &counting{Edge: e}
		var all sync.WaitGroup
		codes := make(chan int, 30)
		for range 30 {
			all.Go(func() {
				viewer, end := serveAhead(e, cache)
				defer end()
				reader := bufio.NewReader(viewer)
				io.WriteString(viewer, "GET "+playlistPath+"?_HLS_msn=13&_HLS_part=2 HTTP/1.1\r\nHost: a\r\n\r\n")
				r, err := http.ReadResponse(reader, nil)
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(r.Body)
				if codes <- r.StatusCode; r.StatusCode == http.StatusOK && (err != nil || string(body) != playlist(12, 3)) {
					t.Errorf("%v %q", err, body)
				}
			})
		}
		synctest.Wait()
		if n := e.held.Load(); n != 20 || testutil.ToFloat64(e.meters.held) != 20 {
			t.Errorf("%d held, %v counted", n, testutil.ToFloat64(e.meters.held))
		}
		b.grow()
		all.Wait()
		counts := map[int]int{}
		for range 30 {
			counts[<-codes]++
		}
		if counts[200] != 20 || counts[503] != 10 {
			t.Errorf("answers %v, want 20 x 200 and 10 x 503", counts)
		}
		if n := src.total(playlistPath + "?"); n != 1 {
			t.Errorf("%d requests upstream, want 1", n)
		}
		if e.held.Load() != 0 || testutil.ToFloat64(e.meters.held) != 0 {
			t.Error("somebody is held still")
		}
	})
}

// TestHeldOnce: who was held gets what came of that, whatever it is and whether it may be kept: it is not asked for once more.
//
// Clause: hls-timeout
func TestHeldOnce(t *testing.T) {
	for name, c := range map[string]struct {
		reload http.HandlerFunc // what the origin answers when it is asked to hold
		status int
		after  time.Duration
		asked  int
	}{
		"nothing comes": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 503, 7 * time.Second, 1},
		"not to be kept": {func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			w.Header().Set("Cache-Control", "no-store")
			io.WriteString(w, playlist(12, 3))
		}, 200, time.Second, 1},
		"it is gone": {func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusNotFound)
		}, 404, time.Second, 1},
		"a failure": {func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(5 * time.Second)
			w.WriteHeader(http.StatusBadGateway)
		}, 502, 5 * time.Second, 1},
	} {
		for _, ahead := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				src := newSource(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.RawQuery == "" {
						io.WriteString(w, playlist(12, 2))
						return
					}
					c.reload(w, r)
				})
				e := newEdge(t, Config{Transport: src})
				get(e, playlistPath)
				const viewers = 3
				type told struct {
					status int
					fields http.Header
					after  time.Duration
				}
				all := make(chan told, viewers)
				began := time.Now()
				for range viewers {
					begin := serve
					if ahead {
						begin = func(e *Edge) (viewer net.Conn, end func()) { return serveAhead(e, e) }
					}
					go func() {
						viewer, end := begin(e)
						defer end()
						go io.WriteString(viewer, "GET "+playlistPath+"?_HLS_msn=13&_HLS_part=2 HTTP/1.1\r\nHost: a\r\n\r\n")
						r, err := http.ReadResponse(bufio.NewReader(viewer), nil)
						if err != nil {
							t.Error(err)
							all <- told{}
							return
						}
						io.Copy(io.Discard, r.Body)
						all <- told{r.StatusCode, r.Header, time.Since(began)}
					}()
				}
				for range viewers {
					got := <-all
					if got.status != c.status || got.after != c.after {
						t.Errorf("%s, ahead %v: %d after %v, want %d after %v", name, ahead, got.status, got.after, c.status, c.after)
					}
					if got.fields.Get("Access-Control-Allow-Origin") != "*" || got.status == 503 && got.fields.Get("Retry-After") == "" {
						t.Errorf("%s, ahead %v: %v", name, ahead, got.fields)
					}
				}
				e.flights.Wait()
				synctest.Wait()
				if n := src.total(playlistPath + "?"); n != c.asked {
					t.Errorf("%s, ahead %v: %d requests upstream, want %d", name, ahead, n, c.asked)
				}
				kind, answers := kindPage, float64(viewers)
				if c.status == http.StatusOK {
					kind, answers = kindPlaylist, viewers+1
				}
				if n := testutil.ToFloat64(e.meters.requests.WithLabelValues("demo", kind, strconv.Itoa(c.status))); n != answers {
					t.Errorf("%s, ahead %v: %v answers are counted, want %v", name, ahead, n, answers)
				}
				if e.held.Load() != 0 {
					t.Errorf("%s, ahead %v: %d are held", name, ahead, e.held.Load())
				}
			})
		}
	}
}

// TestSilent: a viewer that says nothing more, and may listen still, is given no answer rather than an empty one.
func TestSilent(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		for _, asked := range []string{"GET " + playlistPath + "?_HLS_msn=13&_HLS_part=2", "HEAD " + playlistPath + "?_HLS_msn=13&_HLS_part=2", "POST /whip/demo"} {
			b := newBroadcast(12, 2)
			e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					<-r.Context().Done()
					return
				}
				b.ServeHTTP(w, r)
			})})
			run(t, e)
			get(e, playlistPath)
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			end := serveOn(e, listener, ahead)
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(conn, asked+" HTTP/1.1\r\nHost: a\r\n\r\n")
			conn.(*net.TCPConn).CloseWrite()
			if got, err := io.ReadAll(conn); len(got) > 0 || err != nil {
				t.Errorf("ahead %v, %s: %q %v", ahead, asked, got, err)
			}
			conn.Close()
			end()
		}
	}
}

// TestHeldAtTheEnd: who is held when the edge is told to end is told to go elsewhere, and that nothing more comes by this connection.
func TestHeldAtTheEnd(t *testing.T) {
	for _, first := range []bool{true, false} { // who begins the hold is answered by ServeHTTP, the others by the front
		synctest.Test(t, func(t *testing.T) {
			e := newEdge(t, Config{Transport: newSource(newBroadcast(12, 2).ServeHTTP)})
			get(e, playlistPath)
			uri, others := playlistPath+"?_HLS_msn=13&_HLS_part=2", 0
			if !first {
				others = 1
			}
			leave := hold(e, uri, others)
			viewer, end := serveAhead(e, e)
			defer end()
			io.WriteString(viewer, "GET "+uri+" HTTP/1.1\r\nHost: a\r\n\r\n")
			synctest.Wait()
			e.Drain()
			r, err := http.ReadResponse(bufio.NewReader(viewer), nil)
			if err != nil {
				t.Fatal(err)
			}
			if io.Copy(io.Discard, r.Body); r.StatusCode != http.StatusServiceUnavailable || !r.Close || r.Header.Get("Retry-After") == "" {
				t.Errorf("first %v: %d, close %v, %v", first, r.StatusCode, r.Close, r.Header)
			}
			leave()
		})
	}
}

// TestHeldGuests: who is held by the front with a token gets its cookie and its line in the log with what comes, be it an error.
func TestHeldGuests(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusNotFound} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			b, site := newBroadcast(12, 2), newGuests(t, "EdDSA")
			src := newSource(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RawQuery != "" && status != http.StatusOK {
					time.Sleep(time.Second)
					w.WriteHeader(status)
					return
				}
				b.ServeHTTP(w, r)
			})
			e := newEdge(t, Config{Transport: src, Tokens: site.keys, Audience: "here", AccessLog: &out})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { e.Run(ctx); close(ended) }()
			viewer, end := serveAhead(e, e)
			reader, good := bufio.NewReader(viewer), "token="+site.invite(t, "demo")
			ask := func(uri string) *http.Response {
				io.WriteString(viewer, "GET "+uri+" HTTP/1.1\r\nHost: a\r\n\r\n")
				r, err := http.ReadResponse(reader, nil)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, r.Body)
				return r
			}
			ask(playlistPath + "?" + good)
			next := playlistPath + "?_HLS_msn=13&_HLS_part=2&"
			other := make(chan struct{})
			go func() { get(e, next+good); close(other) }()
			synctest.Wait()
			time.AfterFunc(300*time.Millisecond, b.grow)
			if r := ask(next + good); r.StatusCode != status || len(r.Cookies()) != 1 {
				t.Errorf("%d with %d cookies, want %d with one", r.StatusCode, len(r.Cookies()), status)
			}
			<-other
			end()
			cancel()
			<-ended
			if n := strings.Count(out.String(), fmt.Sprintf(`"status":%d`, status)); n != map[int]int{200: 3, 404: 2}[status] || strings.Contains(out.String(), "token") {
				t.Errorf("%d lines of %d:\n%s", n, status, &out)
			}
		})
	}
}
