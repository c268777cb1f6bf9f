package origin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/shoal-live/shoal/origin/audience"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/webhook"
)

// TestStreamsAPI: what is known of a stream is told in one answer, and what is not known is null.
//
// Clause: api
func TestStreamsAPI(t *testing.T) {
	var known map[string]audience.Figures
	h := openWith(t, Config{Audience: func(context.Context) map[string]audience.Figures { return known }})
	began := time.Now()
	c := h.publish(t, 6*time.Second)
	defer c.Close()
	if rw := h.get(t, "/live/demo/v0/index.m3u8?_HLS_msn=1"); rw.Code != 200 {
		t.Fatal(rw.Body)
	}
	for _, k := range []struct {
		name  string
		known map[string]audience.Figures
		want  string
	}{
		{"nobody knows", nil, "<nil> <nil> <nil> <nil> <nil>"},
		{"nobody watches", map[string]audience.Figures{"other": {Viewers: 3}}, "0 <nil> <nil> <nil> true"},
		{"all have left", map[string]audience.Figures{"demo": {Latency: 2.905}}, "0 <nil> <nil> <nil> true"},
		{"some watch", map[string]audience.Figures{"demo": {Viewers: 3, Offload: 0.66666, Copies: 1.25, Latency: 2.5}}, "3 0.667 1.25 2.5 true"},
		{"it is turned off", map[string]audience.Figures{"demo": {Off: true}}, "0 <nil> <nil> <nil> false"},
	} {
		known = k.known
		var one map[string]any
		if err := json.Unmarshal(h.get(t, "/api/v1/streams/demo").Body.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		latency := one["latency"].(map[string]any)
		if got := fmt.Sprint(one["viewers"], one["offload"], one["copies"], latency["viewerSeconds"], one["p2p"]); got != k.want {
			t.Errorf("%s: %s, want %s", k.name, got, k.want)
		}
		// six seconds of media were sent at once, so the newest part is of the future, or was
		if s, ok := latency["originSeconds"].(float64); !ok || s > time.Since(began).Seconds()-3.5 || s < -6 {
			t.Errorf("%s: the newest part is %v s old", k.name, latency["originSeconds"])
		}
		if one["state"] != "live" || one["gopSeconds"] != 2.0 || one["advice"] != "" || one["renditions"].([]any)[0].(map[string]any)["codecs"] == "" {
			t.Errorf("%s: %v", k.name, one)
		}
		var all struct{ Streams []map[string]any }
		if err := json.Unmarshal(h.get(t, "/api/v1/streams").Body.Bytes(), &all); err != nil || len(all.Streams) != 1 ||
			all.Streams[0]["viewers"] != one["viewers"] {
			t.Errorf("%s: the list has %v: %v", k.name, all, err)
		}
	}
	c.Close()
	for h.streams.Get("demo").Describe().State == "live" {
		<-time.After(10 * time.Millisecond)
	}
	var one struct{ Latency latency }
	if err := json.Unmarshal(h.get(t, "/api/v1/streams/demo").Body.Bytes(), &one); err != nil || one.Latency.OriginSeconds != nil {
		t.Errorf("not live, and %v s behind live: %v", one.Latency.OriginSeconds, err)
	}
}

// TestWebhooksInOrder has a broadcast begin before it is told of that the one before has ended.
//
// Clause: webhooks
func TestWebhooksInOrder(t *testing.T) {
	told := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e webhook.Event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		told <- e.Event
	}))
	t.Cleanup(receiver.Close)
	t.Run("broadcasts", func(t *testing.T) {
		h := openWith(t, Config{Webhooks: []string{receiver.URL}})
		c := h.publish(t, 5*time.Second)
		if e := <-told; e != webhook.PublishStart {
			t.Fatal(e)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var next sync.WaitGroup
		next.Go(func() { h.tell(ctx, h.streams.Get("demo")) })
		t.Cleanup(func() { cancel(); next.Wait() })
		for range 100 {
			runtime.Gosched()
		}
		c.Close()
		if one, two := <-told, <-told; one != webhook.PublishEnd || two != webhook.PublishStart {
			t.Errorf("%s, and then %s", one, two)
		}
	})
}

// TestWebhooks broadcasts and looks what a receiver is told, the last of it while the origin ends.
//
// Clause: webhooks
func TestWebhooks(t *testing.T) {
	told := make(chan webhook.Event, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e webhook.Event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		told <- e
	}))
	t.Cleanup(receiver.Close) // after the origin
	expect := func(event, reason string) {
		t.Helper()
		select {
		case e := <-told:
			if e.Event != event || e.Reason != reason || e.Stream != "demo" || e.Protocol != "rtmp" || e.ID == "" {
				t.Errorf("%+v, want %s (%s)", e, event, reason)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no %s", event)
		}
	}
	t.Run("broadcasts", func(t *testing.T) {
		h := openWith(t, Config{Webhooks: []string{receiver.URL}})
		c := h.publish(t, 5*time.Second)
		expect(webhook.PublishStart, "")
		c.Close()
		expect(webhook.PublishEnd, "lost")
		c = h.publish(t, 5*time.Second)
		expect(webhook.PublishStart, "")
		if _, err := h.keys.Remove("demo"); err != nil {
			t.Fatal(err)
		}
		h.endRevoked()
		expect(webhook.PublishEnd, "revoked")
		_, _ = io.Copy(io.Discard, c.NetConn())
		c.Close()
		key, err := h.keys.Add("demo")
		if err != nil {
			t.Fatal(err)
		}
		h.key = key
		c = h.publish(t, 5*time.Second)
		expect(webhook.PublishStart, "")
		t.Cleanup(func() { c.Close() })
	})
	expect(webhook.PublishEnd, "shutdown")
}

func TestReasons(t *testing.T) {
	for cause, want := range map[error]string{
		stream.ErrSaidOver: "ended", stream.ErrLost: "lost", stream.ErrReplaced: "replaced", stream.ErrRevoked: "revoked", context.Canceled: "shutdown",
	} {
		if got := reason(cause); got != want {
			t.Errorf("%v: %s, want %s", cause, got, want)
		}
	}
}
