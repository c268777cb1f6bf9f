package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestTheDemoIsNotRecorded, which is a clip: a disk would fill with it.
func TestTheDemoIsNotRecorded(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	ready := make(chan struct{})
	banner := &until{text: "Live now ", then: sync.OnceFunc(func() { close(ready) })}
	ended := make(chan error, 1)
	go func() {
		ended <- dispatch(ctx, []string{"up", "-record", "-disk-reserve", "1M", "-data", t.TempDir(), "-http", "127.0.0.1:0", "-admin", "127.0.0.1:0",
			"-rtmp", "127.0.0.1:0", "-webrtc", "127.0.0.1:0", "-stun", "127.0.0.1:0", "-log", "error"}, banner)
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	}()
	select {
	case <-ready:
	case <-ctx.Done():
		t.Fatal("shoal up says nothing")
	}
	_, page, _ := strings.Cut(banner.said.String(), "Live now ")
	for tick := time.NewTicker(readyPoll); ; <-tick.C {
		answer, err := http.Get(strings.Fields(page)[0] + "api/v1/streams")
		if err != nil {
			t.Fatal(err)
		}
		var all struct {
			Streams []struct {
				Name, State string
				Recording   *struct{ State string }
			}
		}
		err = json.NewDecoder(answer.Body).Decode(&all)
		answer.Body.Close()
		if err != nil || ctx.Err() != nil {
			t.Fatal(err, ctx.Err())
		}
		if len(all.Streams) == 0 || all.Streams[0].State != "live" {
			continue
		}
		if r := all.Streams[0].Recording; r != nil {
			t.Errorf("%s: %s", all.Streams[0].Name, r.State)
		}
		return
	}
}
