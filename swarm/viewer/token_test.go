package viewer

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestSplitToken(t *testing.T) {
	for link, want := range map[string][2]string{
		"http://h/watch/a":                                 {"http://h/watch/a", ""},
		"http://h/watch/a#token=x.y-z_":                    {"http://h/watch/a", "x.y-z_"},
		"http://h/watch/a?token=x.y.z":                     {"http://h/watch/a", "x.y.z"},
		"http://h/live/a/index.m3u8?p2p=off&token=x&_=1#b": {"http://h/live/a/index.m3u8?p2p=off&_=1#b", "x"},
		"http://h/watch/a?mytoken=x":                       {"http://h/watch/a?mytoken=x", ""},
		":":                                                {":", ""},
	} {
		if plain, token := SplitToken(link); plain != want[0] || token != want[1] {
			t.Errorf("%s: %q, %q, want %q", link, plain, token, want)
		}
	}
}

// TestWatchWithToken: an edge that wants a token gets it with all that is asked of it, and nobody else does.
func TestWatchWithToken(t *testing.T) {
	st := newStage(t, 15_000, 333*time.Millisecond)
	st.live(t)
	var asked, without atomic.Int32
	var over atomic.Bool
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Authorization") != "Bearer x.y.z" || over.Load() {
			without.Add(1)
			if strings.HasPrefix(r.URL.Path, "/live/") {
				http.Error(w, "get a token\nand more", http.StatusUnauthorized)
				return
			}
		}
		st.Config.Handler.ServeHTTP(w, r)
	}))
	defer door.Close()
	r, err := Watch(t.Context(), WatchConfig{URL: door.URL + "/live/show/index.m3u8", Token: "x.y.z", Seconds: 2, NoP2P: true})
	if err != nil || r.Failed != 0 || r.BytesFromEdge == 0 || asked.Load() < 3 || without.Load() != 0 {
		t.Errorf("%+v, %v; %d of %d requests came without the token", r, err, without.Load(), asked.Load())
	}
	for _, p2p := range []bool{true, false} {
		begun := time.Now()
		_, err = Watch(t.Context(), WatchConfig{URL: door.URL + "/live/show/index.m3u8", Token: "another", Seconds: 20, NoP2P: !p2p, Trackers: []string{away}})
		if !errors.Is(err, ErrToken) || !strings.HasSuffix(err.Error(), "/live/show/index.m3u8: 401 Unauthorized: get a token") {
			t.Errorf("a bad token: %v", err)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("it was tried for %v", took)
		}
	}
	for _, p2p := range []bool{true, false} { // one that ends
		over.Store(false)
		time.AfterFunc(2*time.Second, func() { over.Store(true) })
		r, err = Watch(t.Context(), WatchConfig{URL: door.URL + "/live/show/index.m3u8", Token: "x.y.z", Seconds: 20, NoP2P: !p2p, Trackers: []string{away}})
		if !errors.Is(err, ErrToken) || r.Failed != 1 || r.BytesFromEdge == 0 || r.Seconds > 10 {
			t.Errorf("a token that ends: %v, %+v", err, r)
		}
	}
	client := withToken(http.DefaultClient, "x.y.z", "tv.example")
	before := without.Load()
	if resp, err := client.Get(door.URL + "/api/v1/streams/show"); err != nil {
		t.Error(err)
	} else {
		resp.Body.Close()
	}
	if without.Load() != before+1 {
		t.Error("another server got the token")
	}
}
