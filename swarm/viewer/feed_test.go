package viewer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

const ms = scheduler.Millisecond

// script plays lines at a feed and returns what it handed out, as "MSN.part". A line is "list" or "tell" with parts
// ("4.0", "4.1/1" after a discontinuity, "9:4.0" of epoch 9, "4.2!" the last of its segment), or "wait" with milliseconds;
// a "?" is written where the feed wants the edge to be asked.
func script(t *testing.T, lines ...string) string {
	t.Helper()
	var (
		f   feed
		now = scheduler.Second
		out []string
	)
	for _, line := range lines {
		words := strings.Fields(line)
		for _, w := range words[1:] {
			if words[0] == "wait" {
				var n scheduler.Time
				fmt.Sscan(w, &n)
				now += n * ms
				if f.gap(now) {
					out = append(out, "?")
				}
				continue
			}
			e := entry{id: wire.ChunkID{Epoch: 7}}
			if epoch, rest, ok := strings.Cut(w, ":"); ok {
				fmt.Sscan(epoch, &e.id.Epoch)
				w = rest
			}
			w, e.last = strings.CutSuffix(w, "!")
			fmt.Sscanf(w, "%d.%d/%d", &e.id.MSN, &e.id.Part, &e.discontinuity)
			e.item.Duration = 300 * ms
			e.item.Chunk = scheduler.Chunk(e.id.MSN*100 + uint64(e.id.Part))
			if words[0] == "list" {
				e.item.Init, e.item.Captured = 1, now
				f.list(e)
			} else {
				f.tell(now, e)
			}
		}
		f.settle(now)
		for _, it := range f.take() {
			if it.Init != 1 {
				t.Errorf("%q: a part without an init segment", line)
			}
			out = append(out, fmt.Sprintf("%d.%d", it.Chunk/100, it.Chunk%100))
		}
	}
	return strings.Join(out, " ")
}

func TestFeed(t *testing.T) {
	begin := "list 3.0 3.1 3.2 4.0 4.1"
	for _, tc := range []struct {
		name  string
		lines []string
		want  string // after 3.0 3.1 3.2 4.0 4.1
	}{
		{"in order", []string{"tell 4.2", "tell 5.0", "tell 5.1"}, "4.2 5.0 5.1"},
		{"out of order", []string{"tell 5.0", "tell 4.2", "tell 5.1"}, "4.2 5.0 5.1"},
		{"twice", []string{"tell 4.2 4.2", "tell 4.2", "list 4.1 4.2"}, "4.2"},
		{"the past", []string{"tell 4.0", "tell 3.2", "list 2.0"}, ""},
		{"a gap that fills", []string{"tell 5.0", "wait 100", "tell 4.2", "wait 100"}, "4.2 5.0"},
		{"a gap that lasts", []string{"tell 5.0", "wait 100 50", "wait 400 100", "wait 600", "wait 900"}, "? ? ? 5.0"},
		{"a gap that the playlist fills", []string{"tell 5.0", "wait 150", "list 4.0 4.1 4.2 5.0"}, "? 4.2 5.0"},
		{"a shorter segment", []string{"list 4.2", "list 5.0", "tell 6.0", "wait 150", "list 5.0 6.0"}, "4.2 5.0 ? 6.0"},
		{"a longer segment", []string{"tell 4.2", "tell 4.3", "tell 5.0", "wait 150", "list 4.3 5.0"}, "4.2 4.3 ? 5.0"},
		{"told: a shorter segment", []string{"tell 4.2!", "tell 5.0 5.1!", "tell 6.0"}, "4.2 5.0 5.1 6.0"},
		{"told: a longer segment", []string{"tell 4.2 4.3!", "tell 5.0"}, "4.2 4.3 5.0"},
		{"told: out of order", []string{"tell 5.0", "tell 4.3!", "tell 4.2", "tell 5.1"}, "4.2 4.3 5.0 5.1"},
		{"told: by the playlist", []string{"list 4.2!", "tell 5.0", "tell 5.1 5.2 6.0", "wait 100", "tell 5.3!"}, "4.2 5.0 5.1 5.2 5.3 6.0"},
		{"told, but once not", []string{"tell 4.2!", "tell 5.0 5.1 5.2 6.0", "wait 150", "list 5.2 6.0!", "tell 7.0"}, "4.2 5.0 5.1 5.2 ? 6.0 7.0"},
		{"told: a discontinuity", []string{"tell 4.2!", "tell 5.0/1", "wait 0", "list 5.0/1"}, "4.2 ? 5.0"},
		{"a discontinuity", []string{"tell 4.2", "tell 5.0/1", "wait 0", "wait 2000", "list 5.0/1", "tell 5.1/1"}, "4.2 ? ? 5.0 5.1"},
		{"a new epoch", []string{"tell 9:4.2", "wait 0", "list 9:4.2", "tell 9:4.3", "tell 5.0"}, "? 4.2 4.3"},
		{"more than the stage holds", []string{
			"tell 9.0 9.1 9.2 9.3 9.4 9.5 9.6 9.7 9.8 9.9 9.10 9.11 9.12 9.13 9.14 9.15 9.16 9.17", "list 4.2 9.0",
		}, "4.2 9.0 9.1 9.2 9.3 9.4 9.5 9.6 9.7 9.8 9.9 9.10 9.11 9.12 9.13 9.14 9.15"},
	} {
		got := script(t, append([]string{begin}, tc.lines...)...)
		if want := strings.TrimSpace("3.0 3.1 3.2 4.0 4.1 " + tc.want); got != want {
			t.Errorf("%s: %s; want %s", tc.name, got, want)
		}
	}
	if got := script(t, "tell 4.2", "wait 5000"); got != "" {
		t.Errorf("%s before there was a playlist", got)
	}
}

// TestFeedClock: the capture of a part that a peer told of follows that of the one before.
func TestFeedClock(t *testing.T) {
	var f feed
	e := entryOf(1, &wire.Record{ID: wire.ChunkID{MSN: 3}, Duration: 300_000})
	e.item.Captured = 5 * scheduler.Second
	f.list(e)
	f.tell(9*scheduler.Second, entryOf(2, &wire.Record{ID: wire.ChunkID{MSN: 3, Part: 1}, Duration: 200_000}))
	f.tell(9*scheduler.Second, entryOf(3, &wire.Record{ID: wire.ChunkID{MSN: 3, Part: 2}, Duration: 200_000}))
	out := f.take()
	if len(out) != 3 || out[1].Captured != 5300*ms || out[2].Captured != 5500*ms {
		t.Errorf("%+v", out)
	}
	if f.next() != (place{3, 3}) {
		t.Errorf("next is %+v", f.next())
	}
	f.tell(9*scheduler.Second, entryOf(4, &wire.Record{ID: wire.ChunkID{MSN: 3, Part: 3}, Last: true, Duration: 200_000}))
	if f.next() != (place{4, 0}) {
		t.Errorf("next after the last part of a segment is %+v", f.next())
	}
}

// TestFeedWants: where something is missing a reload waits for the newest part that is known, since its answer may end there.
func TestFeedWants(t *testing.T) {
	var f feed
	tell := func(id wire.ChunkID, want place) {
		f.tell(0, entryOf(1, &wire.Record{ID: id, Duration: 300_000}))
		if got := f.wanted(); got != want {
			t.Errorf("after %v a reload waits for %+v, want %+v", id, got, want)
		}
	}
	f.list(entryOf(1, &wire.Record{ID: wire.ChunkID{Epoch: 1, MSN: 3}, Duration: 300_000}))
	tell(wire.ChunkID{Epoch: 1, MSN: 3, Part: 1}, place{3, 2})
	tell(wire.ChunkID{Epoch: 1, MSN: 3, Part: 4}, place{3, 4})
	tell(wire.ChunkID{Epoch: 1, MSN: 3, Part: 3}, place{3, 4})
	tell(wire.ChunkID{Epoch: 1, MSN: 3, Part: 2}, place{3, 5})
	tell(wire.ChunkID{Epoch: 2, MSN: 9, Part: 4}, place{3, 5}) // numbers of another epoch say nothing of this one
}
