package http1

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func ask(uri string) string { return "GET " + uri + " HTTP/1.1\r\nHost: a\r\n\r\n" }

// answered reads an answer to a request with a method.
func answered(t *testing.T, r *bufio.Reader, method string) (*http.Response, string) {
	t.Helper()
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("half an answer: %v", err)
	}
	return resp, string(body)
}

// TestAnswers asks one after the other on one connection, as far as it lasts: what a handler writes arrives as by net/http.
func TestAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Config{Handler: plainHandler})
		c := s.connect(t)
		r := bufio.NewReader(c)
		for _, q := range []struct {
			method, uri, body string
			status            int
			length            int64
		}{
			{"GET", "/text", "text", 200, 4},
			{"HEAD", "/text", "", 200, 4},
			{"GET", "/chunks", "onetwo", 200, -1},
			{"HEAD", "/chunks", "", 200, -1},
			{"GET", "/none", "", 204, 0},
			{"GET", "/same", "", 304, 0},
			{"GET", "/nothing", "", 200, 0},
			{"GET", "/query?a=b", "a=bay", 200, 5},
			{"HEAD", "/query?a=b", "", 200, 5},
			{"GET", "/long", strings.Repeat("long", 1000), 200, -1},
			{"HEAD", "/long", "", 200, -1},
			{"GET", "/close", "bye", 200, 3},
		} {
			say(t, c, q.method+" "+q.uri+" HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n")
			resp, body := answered(t, r, q.method)
			if resp.StatusCode != q.status || body != q.body || resp.ContentLength != q.length {
				t.Errorf("%s %s: %d %q of %d", q.method, q.uri, resp.StatusCode, body, resp.ContentLength)
			}
			if date, err := http.ParseTime(resp.Header.Get("Date")); err != nil || !date.Equal(time.Now().UTC()) {
				t.Errorf("%s: Date %q", q.uri, resp.Header.Get("Date"))
			}
			if resp.Close != (q.uri == "/close") {
				t.Errorf("%s: close is %v", q.uri, resp.Close)
			}
		}
		if _, err := r.ReadByte(); err != io.EOF {
			t.Errorf("after close: %v", err)
		}
	})
}

// TestBroken: an answer that is not whole ends its connection.
func TestBroken(t *testing.T) {
	for _, uri := range []string{"/less", "/more", "/abort", "/panic"} {
		synctest.Test(t, func(t *testing.T) {
			c := start(t, Config{Handler: plainHandler}).connect(t)
			say(t, c, ask(uri)+ask("/text"))
			got, _ := io.ReadAll(c)
			if strings.HasSuffix(string(got), "text") {
				t.Errorf("%s: went on: %q", uri, got)
			}
		})
	}
}

func TestPipelined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, Config{Handler: plainHandler}).connect(t)
		say(t, c, ask("/sleep")+ask("/text")+ask("/wait")[:30])
		r := bufio.NewReader(c)
		for _, want := range []string{"slept", "text"} {
			if _, body := answered(t, r, "GET"); body != want {
				t.Errorf("%q, want %q", body, want)
			}
		}
	})
}

// TestHandedOn: what is not plain goes to who accepts from the front, with all its bytes, though plain requests came before it.
func TestHandedOn(t *testing.T) {
	for name, text := range map[string]string{
		"a body":         "POST /whip/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\noffer",
		"a large head":   "GET /cookies HTTP/1.1\r\nHost: a\r\nCookie: " + strings.Repeat("c", 30<<10) + "\r\nContent-Length: 5\r\n\r\noffer",
		"byte by byte":   "",
		"a whole target": "GET http://a/whole HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			c := start(t, Config{Handler: plainHandler}).connect(t)
			r := bufio.NewReader(c)
			say(t, c, ask("/text"))
			answered(t, r, "GET")
			want := "handed on: "
			switch name {
			case "byte by byte":
				text = "DELETE /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
				for i := range len(text) {
					say(t, c, text[i:i+1])
					synctest.Wait()
				}
				want += "DELETE /a ab"
			case "a body":
				say(t, c, text)
				want += "POST /whip/a offer"
			case "a large head":
				say(t, c, text)
				want += "GET /cookies offer"
			case "a whole target":
				say(t, c, text)
				want += "GET http://a/whole "
			}
			if _, body := answered(t, r, "GET"); body != want {
				t.Errorf("%s: %.80q, want %q", name, body, want)
			}
		})
	}
}

// TestTimes: who is slow is not waited for without end.
// TestSlowReader: who takes a slice in time is served for as long as it takes, who does not is not.
// TestLeaving: the handler of a viewer that has left is told, however long it has waited, and though the head left no room.
// TestOver: the context of a request that is answered has ended, and who asks for it does not read what comes next.
// TestTooLate: a connection that comes when the front ends is not taken, since nobody would wait for it.
// cacheOf has one answer at hand.
type cacheOf struct{ hits atomic.Int64 }

func (a *cacheOf) Hit(_ netip.Addr, h *Head, _ time.Time) (Answer, bool) {
	if string(h.Target) != "/hit" {
		return Answer{}, false
	}
	a.hits.Add(1)
	body := strings.Repeat("hit", 1<<18)
	return Answer{Head: fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(body)), Body: []byte(body), Tally: &counted, File: noFile{}}, true
}

// noFile is a file for who can be sent one: no connection in memory, and none by TLS.
type noFile struct{}

func (noFile) Hold() (int, int64, bool) { panic("a file is sent where none can be") }
func (noFile) Release()                 {}

// TestFields: what all answers are to have they have once, those at hand too, and of those the body alone is counted.
//
// Clause: http-three
func TestFields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counted = tally{}
		c := start(t, Config{Handler: plainHandler, Cache: &cacheOf{}, Fields: http.Header{"Alt-Svc": {`h3=":443"`}}}).connect(t)
		r := bufio.NewReader(c)
		for _, asked := range []struct {
			path string
			size int
		}{{"/hit", 3 << 18}, {"/text", 4}, {"/chunks", 6}, {"/hit", 3 << 18}, {"/none", 0}, {"/same", 0}, {"/nothing", 0}, {"/long", 4000}, {"/hit", 3 << 18}} {
			path, size := asked.path, asked.size
			say(t, c, ask(path))
			resp, body := answered(t, r, "GET")
			if said := resp.Header["Alt-Svc"]; len(said) != 1 || said[0] != `h3=":443"` || len(body) != size {
				t.Errorf("%s: %q, %d bytes", path, said, len(body))
			}
		}
		synctest.Wait()
		if !slices.Equal(counted.bytes, []int{3 << 18, 3 << 18, 3 << 18}) {
			t.Errorf("counted %v", counted.bytes)
		}
	})
}

func TestHits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counted = tally{}
		cache := &cacheOf{}
		c := start(t, Config{Handler: plainHandler, Cache: cache}).connect(t)
		r := bufio.NewReader(c)
		for range 3 {
			say(t, c, ask("/hit")+ask("/text"))
			if _, body := answered(t, r, "GET"); len(body) != 3<<18 {
				t.Errorf("%d bytes", len(body))
			}
			if _, body := answered(t, r, "GET"); body != "text" {
				t.Errorf("%q", body)
			}
		}
		say(t, c, "GET /hit HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\nHEAD /hit HTTP/1.1\r\nHost: a\r\n\r\n"+ask("/hit"))
		for _, method := range []string{"GET", "HEAD"} {
			if resp, _ := answered(t, r, method); resp.ContentLength > 0 {
				t.Error("a range or HEAD was answered with the whole")
			}
		}
		r.ReadByte()
		c.Close()
		last := start(t, Config{Handler: plainHandler, Cache: cache}).connect(t)
		say(t, last, "GET /hit HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"+ask("/text"))
		if resp, body := answered(t, bufio.NewReader(last), "GET"); !resp.Close || body != "" {
			t.Errorf("who wants no more is answered from the cache, which cannot say that it is the last: close %v, %d bytes", resp.Close, len(body))
		}
		synctest.Wait()
		if n := cache.hits.Load(); n != 4 || len(counted.bytes) != 4 || counted.bytes[0] != 3<<18 || counted.bytes[3] >= 3<<18 {
			t.Errorf("%d hits, counted %v", n, counted.bytes)
		}
	})
}

// TestEnd: connections that rest end at once, requests that wait are let go after HeldTime, and what is stuck after DrainTime is cut off.
// TestPipelinedWithoutEnd: what is kept of requests that come before they are asked for is bounded, however many come.
func TestPipelinedWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Config{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(time.Millisecond):
			case <-r.Context().Done():
			}
		})})
		c := s.connect(t)
		say(t, c, strings.Repeat(ask("/"), 3000))
		r := bufio.NewReader(c)
		for range 30 {
			answered(t, r, "GET")
		}
		synctest.Wait()
		s.front.mu.Lock()
		defer s.front.mu.Unlock()
		for c := range s.front.conns {
			if cap(c.buffer) > 2*firstBuffer {
				t.Errorf("%d bytes are kept", cap(c.buffer))
			}
		}
	})
}

// TestHandedOnForGood: who is handed a connection has no deadline of the front's.
// TestSend: a handler may send what is at hand to who asked for all of it and goes on, in place of an answer of its own, and not after one.
func TestSend(t *testing.T) {
	for name, c := range map[string]struct {
		said string
		sent bool
	}{
		"whole": {ask("/"), true}, "HEAD": {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", false}, "begun": {ask("/begun"), false},
		"a range": {"GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n", false}, "close": {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
	} {
		synctest.Test(t, func(t *testing.T) {
			at := (&cacheOf{})
			viewer := start(t, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/begun" {
					w.WriteHeader(http.StatusOK)
				}
				a, _ := at.Hit(netip.Addr{}, &Head{Target: []byte("/hit")}, time.Now())
				if w.(Sender).Send(a) != c.sent {
					t.Errorf("%s: sent %v", name, !c.sent)
				}
			})}).connect(t)
			say(t, viewer, c.said)
			resp, body := answered(t, bufio.NewReader(viewer), c.said[:strings.IndexByte(c.said, ' ')])
			if c.sent != (len(body) == 3<<18) || resp.Close != (name == "close") {
				t.Errorf("%s: %d bytes, close %v", name, len(body), resp.Close)
			}
		})
	}
}
