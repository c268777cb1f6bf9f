package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

var errStopping = errors.New("edge: stopping")

// origins is where objects come from: parents first, where there are any, each object from its own; then the origins: the one that
// answered last first, the others when it cannot be reached. Of a stream, first is the one
// that had something of it last: two origins that take the same broadcast stand in for one another, stream by stream.
type origins struct {
	// static
	parents   []*upstream
	bases     []*upstream
	transport http.RoundTripper
	log       *slog.Logger
	self      [maxNames + 1]string // the name of this edge, here and further on: see circle.go

	first  atomic.Int64   // index of the origin that answered last
	probes sync.WaitGroup // owned by Run

	// guarded by mu
	mu      sync.Mutex
	failure error // of the latest request; nil when an origin answered it
	since   time.Time
	reached bool           // an origin has answered, once at least
	homes   map[string]int // index of the origin that had something of a stream last; only streams that are

	chains   []string             // of edges, to be asked on
	followed map[string]time.Time // when they were last
}

func newOrigins(parents, bases []string, transport http.RoundTripper, log *slog.Logger) *origins {
	s := &origins{transport: transport, log: log, self: newNames()}
	for i, base := range parents {
		s.parents = append(s.parents, newUpstream(base, true, i, log))
	}
	for i, base := range bases {
		s.bases = append(s.bases, newUpstream(base, false, i, log))
	}
	if s.transport == nil {
		s.transport = newTransport()
	}
	return s
}

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:    3 * time.Second,
		MaxIdleConns:           1024,
		MaxIdleConnsPerHost:    512,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true, // the edge compresses what pays, once per object
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// request is all that ever goes upstream.
type request struct {
	method   string
	stream   string        // that it is about; empty: of none
	spread   bool          // "not here" and "cannot now" are not the last word while another origin has not been asked
	listing  bool          // a playlist: whose it is has the stream
	hold     time.Duration // that an origin may hold it while the stream goes on; at least shortHold
	uri      string
	header   http.Header
	chain    string // of edges that have asked for it; send adds this one
	body     []byte
	patience time.Duration // for the answer's head, per origin, and then for its first byte
	avoid    *upstream     // asked last: its answer was of no use
}

// outPatience is the most that one that is out may take while another is not: that has been asked before. Where all are out it is as good as any.
const outPatience = time.Second

// shortHold is how long one of several origins may hold a playlist before another is asked, unless its segments are long: the broadcast
// may have ended there alone.
const shortHold = 3 * time.Second

func (s *origins) all() []*upstream { return slices.Concat(s.parents, s.bases) }

// send asks in turn until one answers. A request that changes something is tried at the next one only
// if the one before never got it. Of a request that is spread an answer that says what is asked for counts before one that
// does not, and which origin holds it for long is waited for once all others were asked.
func (s *origins) send(ctx context.Context, q request) (*http.Response, error) {
	list := s.order(q, time.Now())
	if len(list) == 0 {
		return nil, errLoop
	}
	if !q.listing || len(s.bases) < 2 {
		resp, _, err := s.round(ctx, q, list, q.patience)
		return resp, err
	}
	resp, holds, err := s.round(ctx, q, list, min(q.patience, max(shortHold, q.hold)))
	if holds == nil || ctx.Err() != nil || err == nil && !lacking(resp) {
		return resp, err
	}
	if err == nil {
		resp.Body.Close()
	}
	q.spread = false // nobody else has it
	resp, _, err = s.round(ctx, q, startAt(s.bases, holds.index), q.patience)
	return resp, err
}

// order returns whom to ask, in turn.
func (s *origins) order(q request, now time.Time) []*upstream {
	list := startAt(s.bases, s.home(q.stream))
	rank := func(u *upstream) int {
		trust := u.trust(now, q.avoid)
		switch {
		case !u.parent:
			return trust + gone // parents that are there come first
		case trust == gone:
			return 3 * gone // and the others last
		}
		return trust
	}
	list = slices.DeleteFunc(append(ranked(s.parents, q.uri), list...), (*upstream).isBack)
	slices.SortStableFunc(list, func(a, b *upstream) int { return rank(a) - rank(b) })
	return list
}

func startAt(list []*upstream, first int) []*upstream {
	if len(list) == 0 {
		return nil
	}
	return slices.Concat(list[first:], list[:first])
}

// lacking tells whether another origin may have what this answer says is not here, or not now.
func lacking(resp *http.Response) bool {
	return resp.StatusCode == http.StatusNotFound || resp.StatusCode >= 500
}

// wanting tells whether to ask on after an answer. A parent has asked all origins: what it says is not here is not.
func wanting(u *upstream, q request, resp *http.Response) bool {
	if u.parent {
		return q.method == http.MethodGet && resp.StatusCode >= 500
	}
	return q.spread && lacking(resp)
}

// round asks each of a list once. Holds is the first origin that did not answer in time, nil if there is none.
func (s *origins) round(ctx context.Context, q request, list []*upstream, brief time.Duration) (answer *http.Response, holds *upstream, failed error) {
	for _, u := range list {
		patience := brief
		if u.parent {
			patience = q.patience
		}
		if q.method == http.MethodGet && u.isOut() && s.others(u) {
			patience = min(patience, outPatience)
		}
		asked := q
		asked.chain = s.named(q.chain)
		resp, err := u.attempt(ctx, s.transport, asked, patience)
		refused := err == errLoop
		if refused {
			s.leadsBack(u, q.chain)
		}
		switch {
		case err == nil && len(list) > 1 && wanting(u, q, resp):
			if answer == nil {
				answer = resp // unless another has more to say
			} else {
				resp.Body.Close()
			}
			continue
		case err == nil:
			if answer != nil {
				answer.Body.Close()
			}
			s.settle(q, u, resp.StatusCode)
			return resp, nil, nil
		case ctx.Err() != nil:
			if answer != nil {
				answer.Body.Close()
			}
			return nil, nil, context.Cause(ctx)
		}
		if errors.Is(err, errSlow) && holds == nil && !u.parent && !u.isOut() {
			holds = u
		}
		err = fmt.Errorf("%s: %w", u.base, err)
		failed = errors.Join(failed, err)
		if q.method != http.MethodGet && !neverSent(err) && !refused {
			break
		}
	}
	if answer != nil {
		s.note(nil)
		return answer, holds, nil
	}
	if !errors.Is(failed, errFiles) && (holds == nil || !q.listing || !q.spread) { // else it was not asked, or is asked again
		s.note(failed)
	}
	return nil, holds, failed
}

// home returns which origin to ask first.
func (s *origins) home(stream string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if index, ok := s.homes[stream]; ok {
		return index
	}
	return int(s.first.Load())
}

// settle notes who answered.
func (s *origins) settle(q request, u *upstream, status int) {
	s.note(nil)
	if u.parent {
		return
	}
	s.first.Store(int64(u.index))
	if !q.listing || len(s.bases) == 1 || status != http.StatusOK {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.homes[q.stream]
	if known && old == u.index {
		return
	}
	if s.homes == nil || len(s.homes) >= maxHomes {
		s.homes = map[string]int{}
	}
	s.homes[q.stream] = u.index
	if known {
		s.log.Warn("edge: a stream comes from another origin now", "stream", q.stream, "origin", u.base)
	}
}

// maxHomes bounds the streams whose origin is remembered; past it all are asked for anew.
const maxHomes = 10_000

func (s *origins) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failure == nil && err != nil:
		s.since = time.Now()
		s.log.Error("edge: no origin answers; what is cached is served on", "error", err)
	case s.failure != nil && err == nil:
		s.log.Info("edge: an origin answers again", "after", time.Since(s.since).Round(time.Millisecond))
	}
	s.failure = err
	s.reached = s.reached || err == nil
}

// serves tells whether there may be something for viewers here: an origin answers, or did a moment ago, and what was had of it is of use still.
func (s *origins) serves(now time.Time) bool {
	if s.circle() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure == nil || s.reached && now.Sub(s.since) < leastUseful
}

// state returns nil while the latest attempt was answered or none was made.
func (s *origins) state() error {
	if s.circle() {
		return fmt.Errorf("edge: all that it asks is %w", errLoop)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil {
		return nil
	}
	return fmt.Errorf("edge: no origin has answered since %s: %w", s.since.UTC().Format(time.RFC3339), s.failure)
}
