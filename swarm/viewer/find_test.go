package viewer

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// heard is a log that a test reads.
type heard struct {
	mu   sync.Mutex
	text strings.Builder
}

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(b)
}

func (h *heard) count(text string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Count(h.text.String(), text)
}

func (h *heard) log() *slog.Logger { return slog.New(slog.NewTextHandler(h, nil)) }

func TestPageTrackers(t *testing.T) {
	body := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(body)) }))
	defer server.Close()
	client := NewHTTP()
	defer client.CloseIdleConnections()
	here := strings.Replace(server.URL, "http", "ws", 1)
	for _, c := range []struct {
		name, path, body string
		want             []string
		off              bool
	}{
		{"a path", "/watch/show", `<shoal-player src="/x" tracker="/tracker" autoplay>`, []string{here + "/tracker"}, false},
		{"two elsewhere", "/watch/show", `<p tracker="/no"><shoal-player
			tracker="wss://a.example/tracker?x=1&amp;y=2, ws://b.example:8082/tracker">`, []string{"wss://a.example/tracker?x=1&y=2", "ws://b.example:8082/tracker"}, false},
		{"none named", "/watch/show", `<shoal-player src="/x"><p tracker="/no">`, nil, false},
		{"empty", "/watch/show", `<shoal-player tracker="">`, nil, false},
		{"no socket", "/watch/show", `<shoal-player tracker="ftp://a.example,wss:,:">`, nil, false},
		{"another page", "/live/show/index.m3u8", `<shoal-player tracker="/tracker">`, nil, false},
		{"off", "/watch/show", `<shoal-player src="/x" tracker="" p2p="off">`, nil, true},
		{"off in spite of a tracker", "/watch/show", `<shoal-player p2p="off" tracker="/tracker">`, nil, true},
		{"to be asked", "/watch/show", `<p p2p="off"><shoal-player tracker="/tracker" p2p="ask"><p p2p="off">`, []string{here + "/tracker"}, false},
	} {
		body = c.body
		if got, off := pageTrackers(t.Context(), client, server.URL+c.path); !slices.Equal(got, c.want) || off != c.off {
			t.Errorf("%s: %q, %v, want %q", c.name, got, off, c.want)
		}
	}
}

// TestNoSuchStreamIsSaidAtOnce, rather than after the time that was to be measured.
func TestNoSuchStreamIsSaidAtOnce(t *testing.T) {
	st := newStage(t, 1_000, 100*time.Millisecond)
	began := time.Now()
	_, err := Watch(t.Context(), WatchConfig{N: 2, URL: st.URL + "/watch/none", Seconds: 30})
	if !errors.Is(err, ErrNoStream) || !strings.Contains(err.Error(), st.URL+"/ lists what is live") || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// TestFindWaits for a server that is not up yet, and says so once.
func TestFindWaits(t *testing.T) {
	st := newStage(t, 1_000, 100*time.Millisecond)
	listener, err := net.Listen("tcp", "127.77.0.2:0") // where others are given no port
	if err != nil {
		t.Fatal(err)
	}
	at := listener.Addr().String()
	listener.Close()
	var said heard
	v, err := New(Config{URL: "http://" + at + "/watch/show", Log: said.log()})
	if err != nil {
		t.Fatal(err)
	}
	defer v.cfg.HTTP.CloseIdleConnections()
	found := make(chan error, 1)
	go func() { found <- v.find(t.Context()) }()
	for said.count("waiting for it") == 0 {
		time.Sleep(time.Millisecond)
	}
	if listener, err = net.Listen("tcp", at); err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: st.Config.Handler}
	go server.Serve(listener)
	defer server.Close()
	if err := <-found; err != nil || said.count("waiting for it") != 1 {
		t.Errorf("%v, said %d times", err, said.count("waiting for it"))
	}
}

// away is where no tracker is, nor anything else that viewers could reach.
const away = "ws://127.0.0.1:1/tracker"

// TestTrackersAreTold: who is refused, or finds no tracker, plays all the same; one of many says so. That all are refused is an error.
func TestTrackersAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		tracker string
		says    string
		refused int
	}{
		"away":    {away, "does not answer", 0},
		"proxy":   {refusing(t, 502).url(), "does not answer", 0},
		"refuses": {refusing(t, 403).url(), "lets no viewer in", 3},
		"full": {newCounter(t, func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", "9")
			http.Error(w, "get a token", http.StatusServiceUnavailable)
			return false
		}).url(), "has no room", 3},
	} {
		st := newStage(t, 15_000, 333*time.Millisecond)
		st.live(t)
		var said heard
		r, err := Watch(t.Context(), WatchConfig{N: 3, URL: st.URL + "/watch/show", Seconds: 2, Join: 100 * time.Millisecond, Trackers: []string{c.tracker}, Log: said.log()})
		if r.Failed != 0 || r.Refused != c.refused || said.count(c.says) != 1 {
			t.Errorf("%s: %v, %d failed, %d refused, said %d times", name, err, r.Failed, r.Refused, said.count(c.says))
		}
		if c.refused == 0 && err != nil || c.refused > 0 && (!errors.Is(err, ErrRefused) || !strings.HasSuffix(err.Error(), ": 3 refused: "+r.Refusal) ||
			!strings.HasSuffix(r.Refusal, ": get a token")) {
			t.Errorf("%s: %v, refused because of %q", name, err, r.Refusal)
		}
	}
}

// TestPageWithoutSwarm: where the page says that there is none, no tracker is looked for and none is missed.
func TestPageWithoutSwarm(t *testing.T) {
	t.Parallel()
	st := newStage(t, 15_000, 333*time.Millisecond)
	st.live(t)
	for mode, want := range map[string]int{"off": 0, "ask": 1} {
		mux := http.NewServeMux()
		mux.Handle("/", st.Config.Handler)
		mux.HandleFunc("/watch/show", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `<shoal-player src="/live/show/index.m3u8" tracker="" p2p="%s"></shoal-player>`, mode)
		})
		mux.Handle("/tracker", http.NotFoundHandler())
		edge := httptest.NewServer(mux)
		defer edge.Close()
		var said heard
		r, err := Watch(t.Context(), WatchConfig{N: 2, URL: edge.URL + "/watch/show", Seconds: 2, Join: 100 * time.Millisecond, Log: said.log()})
		if err != nil || r.Failed != 0 || said.count("level=WARN") != want {
			t.Errorf("%s: %v, %d failed, said %s", mode, err, r.Failed, said.text.String())
		}
	}
}

// TestEachRefusalIsTold: of several trackers one is dead and two refuse. Each of the three is told of once, and all viewers count as refused.
func TestEachRefusalIsTold(t *testing.T) {
	t.Parallel()
	st := newStage(t, 15_000, 333*time.Millisecond)
	st.live(t)
	var said heard
	r, err := Watch(t.Context(), WatchConfig{N: 3, URL: st.URL + "/watch/show", Seconds: 6, Join: 100 * time.Millisecond,
		Trackers: []string{refusing(t, 401).url(), away, refusing(t, 401).url()}, Log: said.log()})
	if !errors.Is(err, ErrRefused) || r.Failed != 0 || r.Refused != 3 {
		t.Errorf("%v, %d failed, %d refused", err, r.Failed, r.Refused)
	}
	for says, want := range map[string]int{"refuses viewers": 2, "does not answer": 1, "lets no viewer in": 0} {
		if n := said.count(says); n != want {
			t.Errorf("%q is said %d times, want %d", says, n, want)
		}
	}
}

// TestWatchWhereNobodyPlays ends with an error, though no viewer failed.
func TestWatchWhereNobodyPlays(t *testing.T) {
	t.Parallel()
	st := newStage(t, 1_000, 100*time.Millisecond)
	mux := http.NewServeMux()
	mux.Handle("/api/", st.Config.Handler)
	mux.HandleFunc("/live/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	server := httptest.NewServer(mux)
	defer server.Close()
	r, err := Watch(t.Context(), WatchConfig{URL: server.URL + "/watch/show", Seconds: 1, NoP2P: true})
	if !errors.Is(err, ErrNobody) || r.Failed != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}
