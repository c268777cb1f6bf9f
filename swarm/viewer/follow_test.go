package viewer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// board is an edge that lists as many parts of segment 40 as it is told to, and holds blocking reloads until then.
type board struct {
	begun time.Time

	mu     sync.Mutex
	parts  int
	fails  bool
	asked  []string // queries, with the time
	change chan struct{}
}

func (e *board) RoundTrip(r *http.Request) (*http.Response, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	query := strings.NewReplacer("_HLS_msn=40&_HLS_part=", "part ").Replace(r.URL.RawQuery)
	e.asked = append(e.asked, strings.TrimSpace(fmt.Sprintf("%v %s", time.Since(e.begun), query)))
	var p int
	if n, _ := fmt.Sscanf(query, "part %d", &p); n == 1 && !e.fails {
		for p >= e.parts {
			change := e.change
			e.mu.Unlock()
			select {
			case <-change:
			case <-r.Context().Done():
			}
			e.mu.Lock()
			if r.Context().Err() != nil {
				return nil, r.Context().Err()
			}
		}
	}
	if e.fails {
		return nil, errors.New("no route")
	}
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:40\n")
	for i := range e.parts {
		fmt.Fprintf(&b, "#EXT-X-PART:DURATION=0.5,URI=\"s40.%d.m4s\"\n%s\n", i, testRecord(wire.ChunkID{Epoch: 7, MSN: 40, Part: uint16(i)}))
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(b.String())), ContentLength: int64(b.Len()), Request: r}, nil
}

func (e *board) grow() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.parts++
	close(e.change)
	e.change = make(chan struct{})
}

func (e *board) fail(yes bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fails = yes
}

// follow runs a follower at a board, tells what it asked and what came of it, and ends it.
func follow(t *testing.T, asks chan place, play func(e *board)) (asked, told string) {
	t.Helper()
	e := &board{parts: 2, begun: time.Now(), change: make(chan struct{})}
	var outcomes []string
	f := &follower{http: &http.Client{Transport: e}, url: "http://h/live/a/v0/index.m3u8", requests: new(atomic.Uint64), asks: asks}
	f.tell = func(u update) {
		outcome := fmt.Sprint(len(u.parts))
		if !u.ok {
			outcome += "!"
		}
		if u.waits {
			outcome += "-"
		}
		outcomes = append(outcomes, outcome)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- f.run(ctx) }()
	play(e)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return strings.Join(e.asked, "; "), strings.Join(outcomes, " ")
}

// TestFollowsForEver: without P2P every part is waited for.
func TestFollowsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, told := follow(t, nil, func(e *board) {
			for range 3 {
				time.Sleep(500 * time.Millisecond)
				e.grow()
			}
			synctest.Wait()
			e.fail(true)
			time.Sleep(100 * time.Millisecond)
			e.grow()
			time.Sleep(600 * time.Millisecond)
			e.fail(false)
			time.Sleep(400 * time.Millisecond)
		})
		want := "0s; 0s; 0s part 2; 500ms part 3; 1s part 4; 1.5s part 5; 1.85s; 2.35s; 2.35s part 6"
		if asked != want || told != "2 3 4 5 0! 0! 6" {
			t.Errorf("asked %s; told %s", asked, told)
		}
	})
}

// TestLoadsWhenAsked: with P2P the follower waits once there is media, and asks for what it is told to.
func TestLoadsWhenAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asks := make(chan place, 1)
		asked, told := follow(t, asks, func(e *board) {
			time.Sleep(10 * time.Second) // nothing is asked
			asks <- place{40, 2}
			time.Sleep(time.Second)
			e.grow()
			time.Sleep(time.Second)
			e.fail(true)
			asks <- place{40, 3}
			time.Sleep(10 * time.Millisecond)
			asks <- place{40, 3} // is not tried again at once
			time.Sleep(time.Second)
			e.fail(false)
			asks <- place{40, 3} // without the blocking query, since that failed
			time.Sleep(time.Second)
			asks <- place{40, 3}
			time.Sleep(time.Second)
			e.grow()
			synctest.Wait()
		})
		want := "0s; 0s; 10s part 2; 12s part 3; 12.25s; 13.01s; 14.01s part 3"
		if asked != want || told != "2- 3- 0!- 0!- 3- 4-" {
			t.Errorf("asked %s; told %s", asked, told)
		}
	})
}
