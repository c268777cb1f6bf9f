package viewer

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

// aheadPatience is how long an answer waits for who asked for it.
const aheadPatience = time.Second

// aheadAgain is for how long an edge that did not hold such a request is not asked again.
const aheadAgain = 60 * scheduler.Second

// ahead is a request for the part that the playlist hints at: the edge holds it until the part is there. The fetch of that part takes
// the answer, a round trip sooner than it would have one of its own. What nobody takes is given up.
type ahead struct {
	url      string
	cancel   context.CancelFunc
	answer   chan *http.Response // one; closed without: there is none, or not any more
	requests *atomic.Uint64
}

// askAhead asks for the part that follows all that is in order. An edge that does not hold such a request is not asked again for a minute.
func (s *session) askAhead() {
	s.ahead.end()
	s.ahead = nil
	next := s.feed.next()
	url := s.pattern.url(wire.ChunkID{MSN: next.msn, Part: uint16(next.part)})
	if url == "" || s.now() < s.asksAt {
		return
	}
	ctx, cancel := context.WithTimeout(s.ending, playlistTimeout)
	a := &ahead{url, cancel, make(chan *http.Response), &s.requests}
	s.ahead = a
	s.requests.Add(1)
	s.joined.Go(func() {
		defer close(a.answer)
		r, err := ask(ctx, s.v.cfg.HTTP, url, "", "")
		var status *statusError
		switch {
		case errors.As(err, &status):
			s.tell(func(now scheduler.Time) { s.asksAt = now + aheadAgain })
			return
		case err != nil:
			return
		}
		patience := time.NewTimer(aheadPatience)
		defer patience.Stop()
		select {
		case a.answer <- r:
			return
		case <-patience.C:
		case <-ctx.Done():
		}
		r.Body.Close()
		s.tell(func(scheduler.Time) { s.counts.fromEdge += uint64(max(0, r.ContentLength)) }) // it has left the edge
	})
}

// takeAhead returns the request for a chunk that is under way already, nil if there is none.
func (s *session) takeAhead(c *chunk, first, count int) *ahead {
	a := s.ahead
	if a == nil || a.url != c.url || first > 0 || count < c.record.Pieces() {
		return nil
	}
	s.ahead = nil
	return a
}

// take waits for the answer. It returns nil, and counts a request, if another is needed. A nil ahead has none.
func (a *ahead) take(ctx context.Context) *http.Response {
	if a == nil {
		return nil
	}
	select {
	case r := <-a.answer:
		if r != nil {
			return r
		}
	case <-ctx.Done():
	}
	a.requests.Add(1)
	return nil
}

// end gives up what is still under way.
func (a *ahead) end() {
	if a != nil {
		a.cancel()
	}
}
