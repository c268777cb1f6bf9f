package viewer

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"
)

// live grows the stage by itself until the test is over.
func (st *stage) live(t *testing.T) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(st.length)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				st.grow()
			}
		}
	}()
	t.Cleanup(func() { close(done); <-ended })
}

func TestWatch(t *testing.T) {
	st := newStage(t, 15_000, 333*time.Millisecond)
	st.live(t)
	r, err := Watch(t.Context(), WatchConfig{N: 6, URL: st.URL + "/watch/show", Seconds: 8, Join: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", b)
	if r.Viewers != 6 || r.Failed != 0 || r.Offload < 0.3 || r.BadBytesPlayed != 0 || r.BadBytesRelayed != 0 ||
		r.StartupMillis <= 0 || r.LatencySeconds <= 0 || r.BytesFromEdge == 0 {
		r.Table(os.Stderr)
		t.Error("not what six viewers should get")
	}
}

func TestWatchReportsThatNobodyCould(t *testing.T) {
	st := newStage(t, 1_000, 100*time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if r, err := Watch(ctx, WatchConfig{N: 2, URL: st.URL + "/live/other/index.m3u8", Seconds: 1}); err == nil || r.Failed != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestSettled: what is measured begins when there is time for one more, and nobody rests.
func TestSettled(t *testing.T) {
	viewers := []*Viewer{new(Viewer), new(Viewer)}
	for _, v := range viewers {
		v.publish(sample{p2p: "on"})
	}
	var m machine
	if !settled(viewers, &m) {
		t.Error("it waits for nothing")
	}
	viewers[1].publish(sample{p2p: "resting"})
	if settled(viewers, &m) {
		t.Error("it does not wait for who rests")
	}
	viewers[1].publish(sample{p2p: "refused"})
	for range machineBeats {
		m.beat(beat{wait: machineWait})
	}
	if settled(viewers, &m) {
		t.Error("it does not wait for a busy machine")
	}
}
