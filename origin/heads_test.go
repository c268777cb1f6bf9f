package origin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/shoal-live/shoal/headcount"
	"github.com/shoal-live/shoal/origin/audience"
)

// TestWatching: who watches is the members of the swarm, and whom edges say that they see; not known is what trackers do not tell that are to be asked.
//
// Clause: api, viewer-counts
func TestWatching(t *testing.T) {
	var known map[string]audience.Figures
	h := openWith(t, Config{Audience: func(context.Context) map[string]audience.Figures { return known }})
	c := h.publish(t, 6*time.Second)
	defer c.Close()
	const playlist = "/live/demo/v0/index.m3u8"
	says := func(said string) {
		r := httptest.NewRequest(http.MethodGet, playlist+"?_HLS_msn=1", nil)
		r.Header.Set(headcount.Field, said)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != 200 {
			t.Fatal(w.Body)
		}
	}
	says("shoal-a;2")
	says("shoal-a;5") // in place of that
	h.Heed(playlist+"?_HLS_msn=1&_HLS_part=0", "shoal-b;7", time.Now())
	for _, said := range []string{"shoal-c;-1", "shoal-c", ""} {
		says(said)
	}
	for _, target := range []string{"/live/demo/v7/index.m3u8", "/live/none/v0/index.m3u8", "/live/demo/index.m3u8", "/live/demo/v0/1/s0.m4s", "/", ""} {
		h.Heed(target, "shoal-d;1000", time.Now())
	}
	for _, k := range []struct {
		name  string
		known map[string]audience.Figures
		want  string
	}{
		{"trackers do not tell", nil, "<nil> <nil> 12 <nil>"},
		{"none is in the swarm", map[string]audience.Figures{}, "12 0 12 0"},
		{"some are", map[string]audience.Figures{"demo": {Viewers: 30}}, "42 30 12 30"},
		{"some of them outside", map[string]audience.Figures{"demo": {Viewers: 30, Outside: 10}}, "32 20 12 30"},
		{"some have just come", map[string]audience.Figures{"demo": {Viewers: 30, Newcomers: 5}}, "37 30 12 30"},
		{"all have just come", map[string]audience.Figures{"demo": {Viewers: 12, Newcomers: 14}}, "12 12 12 12"},
		{"and some are outside", map[string]audience.Figures{"demo": {Viewers: 30, Outside: 10, Newcomers: 5}}, "30 20 12 30"},
		{"and behind a cache", map[string]audience.Figures{"demo": {Viewers: 30, Outside: 20}}, "30 10 12 30"},
	} {
		known = k.known
		var one map[string]any
		if err := json.Unmarshal(h.get(t, "/api/v1/streams/demo").Body.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(one["watching"], one["inSwarm"], one["atEdges"], one["viewers"]); got != k.want {
			t.Errorf("%s: %s, want %s", k.name, got, k.want)
		}
	}
	h.config.Audience = nil
	if all, inside := h.watching(h.streams.Get("demo"), nil, 12); all == nil || *all != 12 || inside != nil {
		t.Errorf("without trackers %v watch, %v in the swarm", all, inside)
	}
}
