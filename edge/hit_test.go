package edge

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/shoal-live/shoal/edge/http1"
	"github.com/shoal-live/shoal/token"
)

// counting counts what was at hand.
type counting struct {
	*Edge
	hits atomic.Int64
}

func (c *counting) Hit(from netip.Addr, h *http1.Head, now time.Time) (http1.Answer, bool) {
	a, ok := c.Edge.Hit(from, h, now)
	if ok {
		c.hits.Add(1)
	}
	return a, ok
}

// serveOn serves on a listener, with a front before the server or not.
func serveOn(e *Edge, listener net.Listener, ahead bool) (end func()) {
	if !ahead {
		server := &http.Server{Handler: e}
		ended := make(chan struct{})
		go func() { server.Serve(listener); close(ended) }()
		return func() { server.Close(); <-ended }
	}
	return behindFront(e, http1.New(listener, http1.Config{Handler: e, Cache: e}))
}

// serveAhead is serve with a front before the server, as viewers have it.
func serveAhead(e *Edge, cache http1.Cache) (viewer net.Conn, end func()) {
	listener := make(oneConn, 1)
	front := http1.New(closeOnce{listener, make(chan struct{})}, http1.Config{Handler: e, Cache: cache})
	stop := behindFront(e, front)
	viewer, conn := net.Pipe()
	listener <- conn
	return viewer, func() { viewer.Close(); stop() }
}

// behindFront runs a front and the server behind it.
func behindFront(e *Edge, front *http1.Front) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{Handler: e}
	ended := make(chan struct{}, 2)
	go func() { front.Run(ctx); ended <- struct{}{} }()
	go func() { server.Serve(front); ended <- struct{}{} }()
	return func() { cancel(); server.Close(); <-ended; <-ended }
}

// closeOnce is oneConn whose Accept ends with Close.
type closeOnce struct {
	oneConn
	done chan struct{}
}

func (l closeOnce) Accept() (net.Conn, error) {
	select {
	case c := <-l.oneConn:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l closeOnce) Close() error { close(l.done); return nil }

// TestAheadIsTheSame asks for one of everything, twice, in every way, of a server and of a front: whether an answer is at hand or not, and
// whoever writes it, its status, its fields, its bytes and what is counted are the same.
func TestAheadIsTheSame(t *testing.T) {
	uris := []string{partPath, "/live/demo/v0/1700000000/s12.m4s", "/live/demo/v0/1700000000/s99.m4s", "/live/demo/v0/1700000000/s500.m4s",
		playlistPath, playlistPath + "?_HLS_msn=13&_HLS_part=2", playlistPath + "?_HLS_part=2&_HLS_msn=13", playlistPath + "?_HLS_skip=YES",
		playlistPath + "?_HLS_msn=99", playlistPath + "?_HLS_part=1", partPath + "?a=b", "/live/demo/index.m3u8", "/api/v1/streams/demo", "/live/demo/thumb.jpg",
		"/", "/watch/demo", "/assets/shoal-player.js", "/healthz", "/api/v1/swarm", "/nowhere", "/live/de%6do/index.m3u8", "//"}
	fields := []string{"", "Accept-Encoding: gzip\r\n", "Accept-Encoding: gzip;q=0\r\n", "Range: bytes=5-9\r\n", "Range: bytes=99999999-\r\n",
		"If-None-Match: *\r\n", "If-None-Match: \"x\"\r\n", "Range: bytes=5-9\r\nIf-Range: \"x\"\r\n", "Connection: keep-alive\r\nOrigin: http://a\r\n"}
	answersOf := func(t *testing.T, begin func(*Edge) (net.Conn, func())) (answers []string, counted map[string]float64) {
		registry := prometheus.NewRegistry()
		e := newEdge(t, Config{Registry: registry, Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			whole := httptest.NewRecorder()
			stage(whole, r)
			maps.Copy(w.Header(), whole.Header())
			w.Header().Set("Content-Length", strconv.Itoa(whole.Body.Len())) // else it depends on how soon the rest comes
			w.WriteHeader(whole.Code)
			w.Write(whole.Body.Bytes())
		})})
		viewer, end := begin(e)
		reader := bufio.NewReader(viewer)
		for range 2 {
			for _, uri := range uris {
				for _, method := range []string{"GET", "HEAD"} {
					for _, field := range fields {
						io.WriteString(viewer, method+" "+uri+" HTTP/1.1\r\nHost: a\r\n"+field+"\r\n")
						r, err := http.ReadResponse(reader, &http.Request{Method: method})
						if err != nil {
							t.Fatalf("%s %s: %v", method, uri, err)
						}
						body, err := io.ReadAll(r.Body)
						if err != nil {
							t.Fatalf("%s %s: %v", method, uri, err)
						}
						r.Header.Del("Retry-After")                                        // which is chance
						if strings.Contains(uri, "s99") || strings.Contains(uri, "s500") { // a body may be known to be whole, or not yet
							r.Header.Del("Content-Length")
							r.TransferEncoding = nil
						}
						var b bytes.Buffer
						r.Header.Write(&b)
						answers = append(answers, strings.Join([]string{method, uri, field, r.Status, b.String(), strings.Join(r.TransferEncoding, ","), string(body)}, "\n"))
						e.flights.Wait()
						if strings.Contains(uri, "s500") || uri == "/live/demo/thumb.jpg" {
							time.Sleep(2 * time.Second) // so that both ask the origin each time
						}
					}
				}
			}
			time.Sleep(1500 * time.Millisecond)
		}
		end()
		counted = map[string]float64{}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, m := range family.Metric {
				counted[family.GetName()+m.String()] = 1
			}
		}
		return answers, counted
	}
	var got, want []string
	var gotCounted, wantCounted map[string]float64
	var cache *counting
	synctest.Test(t, func(t *testing.T) { want, wantCounted = answersOf(t, serve) })
	synctest.Test(t, func(t *testing.T) {
		got, gotCounted = answersOf(t, func(e *Edge) (net.Conn, func()) {
			cache = &counting{Edge: e}
			return serveAhead(e, cache)
		})
	})
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%.900s\n-- by the server:\n%.900s", got[i], want[i])
		}
	}
	if !maps.Equal(gotCounted, wantCounted) {
		for _, m := range [2]map[string]float64{gotCounted, wantCounted} {
			t.Log(strings.Join(slices.Sorted(maps.Keys(m)), "\n"))
		}
		t.Error("other things were counted")
	}
	if cache.hits.Load() < 40 {
		t.Errorf("%d were at hand", cache.hits.Load())
	}
}

// TestHitsAge: what is made ready for one second is not sent in another.
func TestHitsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(stage)})
		cache := &counting{Edge: e}
		viewer, end := serveAhead(e, cache)
		defer end()
		reader := bufio.NewReader(viewer)
		time.Sleep(500 * time.Millisecond) // the clock's seconds are not those of the object's age
		began := time.Now()
		for i := range 30 {
			io.WriteString(viewer, "GET "+partPath+" HTTP/1.1\r\nHost: a\r\n\r\n")
			r, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, r.Body); n != int64(len(partBytes)) || err != nil {
				t.Fatal(n, err)
			}
			now := time.Now()
			if age := r.Header.Get("Age"); age != seconds(now.Sub(began)) {
				t.Errorf("%d: Age %s after %v", i, age, now.Sub(began))
			}
			if date, _ := http.ParseTime(r.Header.Get("Date")); !date.Equal(now.Truncate(time.Second)) {
				t.Errorf("%d: Date %v at %v", i, date, now)
			}
			time.Sleep(300 * time.Millisecond)
		}
		if cache.hits.Load() != 29 {
			t.Errorf("%d were at hand", cache.hits.Load())
		}
		if got := testutil.ToFloat64(e.meters.hitBytes.WithLabelValues("demo")); got != 29*float64(len(partBytes)) {
			t.Errorf("%v bytes counted", got)
		}
	})
}

// TestTokensAhead: what is at hand is for who brings a token that is known, in whichever way, and goes past the server then; who brings
// none, or another, is answered as the server does. The origin sees nothing of tokens, and the cache has one of each.
func TestTokensAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newGuests(t, "EdDSA")
		good, other := site.invite(t, "demo"), site.invite(t, "other")
		mine := site.invite(t, "demo", func(c *token.Claims) { c.Expires = c.Expires.Add(time.Minute) })
		src := newSource(show(t))
		front := newEdge(t, Config{Transport: src, Tokens: site.keys, Audience: "here"})
		behind := newEdge(t, Config{Transport: newSource(show(t)), Tokens: site.keys, Audience: "here"})
		cache := &counting{Edge: front}
		viewer, end := serveAhead(front, cache)
		server, stop := serve(behind)
		defer stop()
		readers := map[net.Conn]*bufio.Reader{viewer: bufio.NewReader(viewer), server: bufio.NewReader(server)}
		answerOf := func(conn net.Conn, uri, fields string) string {
			io.WriteString(conn, "GET "+uri+" HTTP/1.1\r\nHost: a\r\n"+fields+"\r\n")
			r, err := http.ReadResponse(readers[conn], nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Del("Content-Length") // whether a body is known to be whole depends on how soon it came
			var b bytes.Buffer
			r.Header.Write(&b)
			return r.Status + "\n" + b.String() + string(body)
		}
		for _, c := range []struct {
			query, fields string
			status        string
			atHand        int // of three targets
		}{
			{"", "Authorization: Bearer " + good + "\r\n", "200", 3},
			{"", "authorization: bEaReR  " + good + "\r\n", "200", 3},
			{"token=" + good, "", "200", 3},
			{"token=" + good, "X-Forwarded-Proto: https\r\n", "200", 3},
			{"token=" + good, "Cookie: " + tokenCookie + "=" + other + "\r\n", "200", 3},
			{"", "Cookie: a=b; " + tokenCookie + "=" + other + ";" + tokenCookie + "=" + good + "; c\r\n", "200", 3},
			{"token=" + good, "Authorization: Bearer " + good + "\r\n", "200", 0}, // the server's to see that they are the same
			{"", "Cookie: " + tokenCookie + "=\"" + good + "\"\r\n", "200", 0},
			{"", "", "401", 0},
			{"token=", "", "401", 0},
			{"token=" + good + "&token=" + mine, "", "400", 0},
			{"token=" + mine, "Authorization: Bearer " + good + "\r\n", "400", 0},
			{"token=" + other, "Cookie: " + tokenCookie + "=" + good + "\r\n", "403", 0},
			{"", "Authorization: Bearer " + other + "\r\n", "403", 0},
			{"", "Authorization: Basic " + good + "\r\n", "401", 0},
			{"", "Authorization: Bearer " + good + "\r\nAuthorization: Bearer " + mine + "\r\n", "400", 0},
			{"", "Cookie: " + strings.Repeat(tokenCookie+"="+other+"; ", maxCookies) + tokenCookie + "=" + good + "\r\n", "403", 0},
			{"token=" + flip(good), "", "401", 0},
		} {
			atHand := 0
			for _, uri := range []string{partPath, playlistPath, playlistPath + "?_HLS_skip=YES"} {
				with := uri
				switch path, query, is := strings.Cut(uri, "?"); {
				case c.query != "" && is && len(c.fields) > 0:
					with = path + "?" + c.query + "&" + query
				case c.query != "" && is:
					with = uri + "&" + c.query
				case c.query != "":
					with = uri + "?" + c.query
				}
				for range 2 { // it is at hand, and the token known, the second time
					hits := cache.hits.Load()
					got, want := answerOf(viewer, with, c.fields), answerOf(server, with, c.fields)
					if got != want || got[:3] != c.status {
						t.Errorf("%s with %q: %.600s\n-- by the server: %.600s", with, c.fields, got, want)
					}
					if hits = cache.hits.Load() - hits; hits > 0 && got[:3] != "200" {
						t.Errorf("%s with %q was at hand", with, c.fields)
					} else if atHand += int(hits); hits == 0 {
						continue
					}
					break
				}
			}
			if atHand != c.atHand {
				t.Errorf("%q with %q: %d were at hand, want %d", c.query, c.fields, atHand, c.atHand)
			}
		}
		if n := src.total("/"); n != 3 {
			t.Errorf("%d requests upstream, want 3", n)
		}
		end()
		time.Sleep(2 * time.Hour)
		viewer, end = serveAhead(front, cache)
		defer end()
		readers[viewer] = bufio.NewReader(viewer)
		hits := cache.hits.Load()
		if got := answerOf(viewer, partPath, "Authorization: Bearer "+good+"\r\n"); got[:3] != "401" || cache.hits.Load() != hits {
			t.Errorf("after its end: %.300s", got)
		}
	})
}

// TestLogAhead: what goes past the server is in the log as all else is.
func TestLogAhead(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			b := newBroadcast(12, 2)
			e := newEdge(t, Config{Transport: newSource(b.ServeHTTP), AccessLog: &out})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { e.Run(ctx); close(ended) }()
			cache := &counting{Edge: e}
			viewer, end := serve(e)
			if ahead {
				end()
				viewer, end = serveAhead(e, cache)
			}
			reader := bufio.NewReader(viewer)
			ask := func(uri string) {
				io.WriteString(viewer, "GET "+uri+" HTTP/1.1\r\nHost: a\r\nCookie: hidden\r\n\r\n")
				r, err := http.ReadResponse(reader, nil)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, r.Body)
			}
			ask(playlistPath)
			ask(playlistPath)
			go get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2")
			synctest.Wait()
			time.AfterFunc(300*time.Millisecond, b.grow)
			ask(playlistPath + "?_HLS_msn=13&_HLS_part=2")
			synctest.Wait()
			end()
			cancel()
			<-ended
			var got []string
			for text := range strings.Lines(out.String()) {
				var l line
				if err := json.Unmarshal([]byte(text), &l); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				got = append(got, fmt.Sprint(l.Method, l.Path, l.Status, l.Bytes, l.Cache, l.Protocol, l.Millis >= 300))
			}
			slices.Sort(got)
			first, second := strconv.Itoa(len(playlist(12, 2))), strconv.Itoa(len(playlist(12, 3)))
			want := []string{"GET" + playlistPath + "200 " + first + "hitHTTP/1.1false", "GET" + playlistPath + "200 " + first + "missHTTP/1.1false",
				"GET" + playlistPath + "200 " + second + "hitHTTP/1.1true", "GET" + playlistPath + "200 " + second + "missHTTP/1.1true"}
			if !slices.Equal(got, want) || strings.Contains(out.String(), "hidden") {
				t.Errorf("ahead %v: got\n%s\nwant\n%s", ahead, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if n := cache.hits.Load(); ahead && n != 2 {
				t.Errorf("%d were at hand", n)
			}
		})
	}
}

// TestCookieAhead: who brings its token by query is given a cookie, though what it asks for is at hand, and who has waited for it with others.
func TestCookieAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newGuests(t, "EdDSA")
		e := newEdge(t, Config{Transport: newSource(stage), Tokens: site.keys, Audience: "here"})
		viewer, end := serveAhead(e, e)
		defer end()
		reader := bufio.NewReader(viewer)
		for _, uri := range []string{playlistPath + "?", playlistPath + "?", "/live/demo/index.m3u8?", playlistPath + "?_HLS_msn=12&_HLS_part=1&"} {
			io.WriteString(viewer, "GET "+uri+"token="+site.invite(t, "demo")+" HTTP/1.1\r\nHost: a\r\n\r\n")
			r, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			if io.Copy(io.Discard, r.Body); r.StatusCode != http.StatusOK || len(r.Cookies()) != 1 {
				t.Errorf("%s: %d with %d cookies", uri, r.StatusCode, len(r.Cookies()))
			}
		}
	})
}

// TestHitKnowsTheConfig fails when a Config has something new: what is at hand goes out past ServeHTTP, so whatever decides there who is
// answered, or how, must decide in Hit too. See to that, then add the field here.
func TestHitKnowsTheConfig(t *testing.T) {
	known := []string{"Origins", "Parents", "Disk", "DiskBytes", "MemoryBytes", "ObjectBytes", "MaxHeld", "MaxFlights", "TrackerURLs", "RTMPPort", "P2P", "Files", "Tokens", "Audience", "Transport", "Registry", "Log",
		"RequestsPerAddress", "TrustedProxies", "AccessLog", "AccessLogAddresses"} // see plainly
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if !slices.Contains(known, field.Name) {
			t.Errorf("Config.%s is new: what does it mean for what is answered from memory, by Hit in hit.go?", field.Name)
		}
	}
}
