package viewer

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

// heldEdge answers after a second, if at all.
type heldEdge struct {
	status int
	header string
	body   []byte
	asked  int
	closed int
}

func (e *heldEdge) RoundTrip(r *http.Request) (*http.Response, error) {
	e.asked++
	if !sleep(r.Context(), time.Second) {
		return nil, r.Context().Err()
	}
	status := e.status
	e.status = http.StatusOK // once there
	return &http.Response{StatusCode: status, Header: http.Header{wire.PiecesHeader: {e.header}}, Body: closing{bytes.NewReader(e.body), &e.closed},
		ContentLength: int64(len(e.body)), Request: r}, nil
}

type closing struct {
	io.Reader
	closed *int
}

func (c closing) Close() error { *c.closed++; return nil }

// TestAhead: the part that comes next is asked for once, before it is there, and its fetch has that answer. What nobody fetches is given
// up, and an edge that holds no such request is not asked again for a minute.
func TestAhead(t *testing.T) {
	c, b, hashes := testChunk()
	header := base64.RawStdEncoding.EncodeToString(hashes)
	for _, tc := range []struct {
		name    string
		status  int
		fetched time.Duration // 0: it is not
		asked   int
		took    time.Duration
		fails   bool
		bytes   uint64 // counted though nobody fetched them
	}{
		{"fetched before it is there", 200, 500 * time.Millisecond, 1, 500 * time.Millisecond, false, 0},
		{"fetched when it is there", 200, 1100 * time.Millisecond, 1, 0, false, 0},
		{"fetched too late", 200, 3 * time.Second, 2, time.Second, false, uint64(len(b))},
		{"not fetched", 200, 0, 1, 0, false, uint64(len(b))},
		{"not held", 404, 500 * time.Millisecond, 2, 1500 * time.Millisecond, true, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				edge := &heldEdge{status: tc.status, header: header, body: b}
				d := newDesk(t)
				d.do(func(scheduler.Time) { d.learn(0, d.list(3)) })
				d.joined.Wait()
				d.done, d.ending, d.v.cfg.HTTP = make(chan struct{}), t.Context(), &http.Client{Transport: edge}
				go func() {
					for event := range d.events {
						event(0)
					}
				}()
				defer close(d.events)
				d.requests.Store(0)
				d.askAhead()
				if want := d.part(40, 3).url; d.ahead == nil || d.ahead.url != want {
					t.Fatalf("asked for %+v, want %s", d.ahead, want)
				}
				if tc.fetched > 0 {
					time.Sleep(tc.fetched)
					begun := time.Now()
					got := 0
					f := &fetch{record: c.record, url: d.ahead.url, count: 5, hashed: func([][sha256.Size]byte) {}, arrived: func(_, count int, _ []byte) { got += count }}
					f.ahead = d.takeAhead(&chunk{record: c.record, url: d.ahead.url}, 0, 5)
					if err := f.run(t.Context(), d.v.cfg.HTTP); err != nil || got != 5 || time.Since(begun) != tc.took {
						t.Errorf("%v, %d pieces after %v", err, got, time.Since(begun))
					}
					f.ahead.end()
				}
				time.Sleep(5 * time.Second)
				d.joined.Wait()
				synctest.Wait()
				if edge.asked != tc.asked || d.requests.Load() != uint64(tc.asked) || edge.closed != tc.asked || (d.asksAt > 0) != tc.fails || d.counts.fromEdge != tc.bytes {
					t.Errorf("asked %d times, counted %d, %d bodies closed, asks at %v, %d bytes", edge.asked, d.requests.Load(), edge.closed, d.asksAt, d.counts.fromEdge)
				}
				if d.askAhead(); (d.ahead == nil) != tc.fails {
					t.Errorf("asked again: %v", fmt.Sprint(d.ahead))
				}
				d.ahead.end()
				d.joined.Wait()
			})
		})
	}
}
