package edge

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// farm is some origins as the edge reaches them: what each has, by host; a time is how long it holds a request.
type farm map[string]any

func (f farm) RoundTrip(r *http.Request) (*http.Response, error) {
	switch has := f[r.URL.Host].(type) {
	case int:
		return &http.Response{StatusCode: has, Body: io.NopCloser(strings.NewReader(r.URL.Host)), ContentLength: -1, Header: http.Header{}}, nil
	case time.Duration:
		select {
		case <-time.After(has):
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(r.URL.Host)), ContentLength: -1, Header: http.Header{}}, nil
		case <-r.Context().Done():
			return nil, context.Cause(r.Context())
		}
	}
	return nil, errors.New("connection refused")
}

func TestAnotherOriginIsAsked(t *testing.T) {
	for _, c := range []struct {
		name   string
		has    farm
		media  bool
		from   string
		status int
		after  time.Duration
	}{
		{"the first has it", farm{"a": 200, "b": 200}, false, "a", 200, 0},
		{"the first is gone", farm{"b": 200}, false, "b", 200, 0},
		{"the first has no such stream", farm{"a": 404, "b": 200}, false, "b", 200, 0},
		{"the first cannot now", farm{"a": 503, "b": 200}, false, "b", 200, 0},
		{"none has it", farm{"a": 404, "b": 404}, false, "a", 404, 0},
		{"the first cannot, the second has not", farm{"a": 503, "b": 404}, false, "a", 503, 0},
		{"the first holds what the second has", farm{"a": time.Minute, "b": 200}, false, "b", 200, shortHold},
		{"the first holds, and will have it", farm{"a": 5 * time.Second, "b": 404}, false, "a", 200, shortHold + 5*time.Second},
		{"both hold", farm{"a": 5 * time.Second, "b": time.Minute}, false, "a", 200, 2*shortHold + 5*time.Second},
		{"media of the other one", farm{"a": 404, "b": 200}, true, "b", 200, 0},
		{"media that is held", farm{"a": 5 * time.Second, "b": 404}, true, "a", 200, 5 * time.Second},
		{"media nobody has", farm{"a": 404, "b": 404}, true, "a", 404, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := newOrigins(nil, []string{"http://a", "http://b"}, c.has, slog.New(slog.DiscardHandler))
				q := request{method: http.MethodGet, uri: "/live/x", stream: "x", spread: true, listing: !c.media, patience: livePatience}
				began := time.Now()
				resp, err := u.send(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				from, err := io.ReadAll(resp.Body)
				if err != nil || string(from) != c.from || resp.StatusCode != c.status || time.Since(began) != c.after {
					t.Errorf("%d from %s after %v: %v; want %d from %s after %v", resp.StatusCode, from, time.Since(began), err, c.status, c.from, c.after)
				}
			})
		})
	}
}

// What an origin had of a stream last says where it is asked for, stream by stream; media do not.
func TestAStreamHasAHome(t *testing.T) {
	has := farm{"a": 404, "b": 200}
	u := newOrigins(nil, []string{"http://a", "http://b"}, has, slog.New(slog.DiscardHandler))
	ask := func(stream string, listing bool) string {
		t.Helper()
		q := request{method: http.MethodGet, uri: "/", stream: stream, spread: true, listing: listing, patience: time.Second}
		resp, err := u.send(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return string(b)
	}
	if got := ask("x", true); got != "b" {
		t.Fatalf("x came from %s", got)
	}
	has["a"] = 200
	if got := ask("x", true); got != "b" {
		t.Errorf("x has moved to %s", got)
	}
	delete(has, "b")
	if got := ask("x", false); got != "a" {
		t.Errorf("media came from %s", got)
	}
	has["b"] = 200
	if got := ask("x", true); got != "b" {
		t.Errorf("media moved x to %s", got)
	}
	for n := range maxHomes + 2 {
		u.settle(request{stream: strings.Repeat("y", 1+n%60) + string(rune('a'+n%26)) + strings.Repeat("z", n/60%60), listing: true}, u.bases[1], http.StatusOK)
	}
	if len(u.homes) > maxHomes {
		t.Errorf("%d homes are remembered", len(u.homes))
	}
}

// TestSessionIsFound: what is asked of a session goes to the origin that made it, also where the stream has another home by now.
func TestSessionIsFound(t *testing.T) {
	const session = "/whip/demo/abc"
	got := map[string][]string{}
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		got[r.URL.Host] = append(got[r.URL.Host], r.Method+" "+r.URL.Path)
		status := http.StatusNotFound
		if r.URL.Host == "b" && r.URL.Path == session {
			status = http.StatusNoContent
		}
		return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{}}, nil
	})
	e := newEdge(t, Config{Origins: []string{"http://a", "http://b"}, Transport: transport})
	for _, method := range []string{http.MethodPatch, http.MethodDelete} {
		if w := ask(e, method, session); w.Code != http.StatusNoContent {
			t.Errorf("%s: %d", method, w.Code)
		}
		e.origins.first.Store(0)
	}
	if w := ask(e, http.MethodPatch, "/whip/demo/none"); w.Code != http.StatusNotFound {
		t.Error(w.Code)
	}
	if w := ask(e, http.MethodPost, "/whip/demo"); w.Code != http.StatusNotFound || len(got["a"])+len(got["b"]) != 7 {
		t.Errorf("%d after %v", w.Code, got)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestLongSegmentsAreWaitedFor: an origin that holds a reload for a segment of eight seconds has not lost the stream, and one that holds
// it for much longer may have.
func TestLongSegmentsAreWaitedFor(t *testing.T) {
	for _, c := range []struct {
		name  string
		long  string // a segment
		holds time.Duration
		from  string
	}{{"a segment", "8", 8 * time.Second, "a"}, {"two segments", "8", 16 * time.Second, "b"}, {"a segment of ten seconds", "10", 10 * time.Second, "a"}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport := roundTrip(func(r *http.Request) (*http.Response, error) {
					text := strings.Replace(playlist(10, 0), "DURATION:2", "DURATION:"+c.long, 1)
					if r.URL.RawQuery != "" {
						text = strings.Replace(playlist(11, 0), "DURATION:2", "DURATION:"+c.long, 1)
						if r.URL.Host == "a" {
							select {
							case <-time.After(c.holds):
							case <-r.Context().Done():
								return nil, context.Cause(r.Context())
							}
						}
					}
					text += "# " + r.URL.Host + "\n"
					return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(text)), ContentLength: -1, Header: http.Header{}}, nil
				})
				e := newEdge(t, Config{Origins: []string{"http://a", "http://b"}, Transport: transport})
				w := get(e, "/live/demo/v0/index.m3u8?_HLS_msn=11")
				if !strings.HasSuffix(w.Body.String(), "# "+c.from+"\n") {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			})
		})
	}
}

// closer counts bodies that are open.
type closer struct {
	io.Reader
	open *int
}

func (c closer) Close() error { *c.open--; return nil }

// TestAnswersAreClosed: of several answers one is read, and the others are closed: an open one keeps a connection.
func TestAnswersAreClosed(t *testing.T) {
	for _, c := range []struct {
		name  string
		has   farm
		lists bool
		want  int
	}{
		{"the second has it", farm{"a": 404, "b": 200}, false, 200},
		{"nobody has it", farm{"a": 404, "b": 404}, false, 404},
		{"the second is gone", farm{"a": 404}, false, 404},
		{"one holds, and will have it", farm{"a": 5 * time.Second, "b": 404}, true, 200},
		{"both hold", farm{"a": 5 * time.Second, "b": time.Minute}, true, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				open, most := 0, 0
				said := &bytes.Buffer{}
				u := newOrigins(nil, []string{"http://a", "http://b"}, roundTrip(func(r *http.Request) (*http.Response, error) {
					resp, err := c.has.RoundTrip(r)
					if err == nil {
						open++
						most = max(most, open)
						resp.Body = closer{resp.Body, &open}
					}
					return resp, err
				}), slog.New(slog.NewTextHandler(said, nil)))
				resp, err := u.send(t.Context(), request{method: http.MethodGet, uri: "/x", stream: "x", spread: true, listing: c.lists, patience: livePatience})
				if err != nil || resp.StatusCode != c.want {
					t.Fatal(resp, err)
				}
				if open != 1 || most > 2 {
					t.Errorf("%d answers are open", open)
				}
				if resp.Body.Close(); open != 0 {
					t.Errorf("%d answers are open at the end", open)
				}
				if u.state() != nil || said.Len() > 0 {
					t.Errorf("%v: %s", u.state(), said)
				}
			})
		})
	}
}

// TestParentsThatHold: that a parent holds a playlist says nothing of the origins.
func TestParentsThatHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		has := farm{"a": 404, "b": 404}
		parents := []string{"http://p0", "http://p1", "http://p2", "http://p3"}
		for _, p := range parents {
			has[p[len("http://"):]] = time.Hour
		}
		u := newOrigins(parents, []string{"http://a", "http://b"}, roundTrip(func(r *http.Request) (*http.Response, error) {
			asked[r.URL.Host]++
			return has.RoundTrip(r)
		}), slog.New(slog.DiscardHandler))
		resp, err := u.send(t.Context(), request{method: http.MethodGet, uri: "/live/x", stream: "x", spread: true, listing: true, patience: livePatience})
		if err != nil || resp.StatusCode != http.StatusNotFound || asked["a"] != 1 || asked["b"] != 1 || len(u.homes) > 0 {
			t.Errorf("%v %v: %v, homes %v", resp, err, asked, u.homes)
		}
	})
}

// TestOnlyWhoHasAStreamIsItsHome: who refuses to say, or has it no more, is not.
func TestOnlyWhoHasAStreamIsItsHome(t *testing.T) {
	u := newOrigins(nil, []string{"http://a", "http://b"}, farm{"a": 403, "b": 200}, slog.New(slog.DiscardHandler))
	resp, err := u.send(t.Context(), request{method: http.MethodGet, uri: "/x", stream: "x", spread: true, listing: true, patience: time.Second})
	if err != nil || resp.StatusCode != http.StatusForbidden || len(u.homes) > 0 {
		t.Errorf("%v %v, homes %v", resp, err, u.homes)
	}
}
