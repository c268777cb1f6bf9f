package edge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

var errStopping = errors.New("edge: stopping")

// origins reaches the origins: the one that answered last first, the others when it cannot be reached. Of a stream, first is the one
// that had something of it last: two origins that take the same broadcast stand in for one another, stream by stream.
type origins struct {
	// static
	bases     []string
	transport http.RoundTripper
	log       *slog.Logger

	first atomic.Int64 // index of the one that answered last

	// guarded by mu
	mu      sync.Mutex
	failure error // of the latest request; nil when an origin answered it
	since   time.Time
	homes   map[string]int // index of the one that had something of a stream last; only streams that are
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
	body     []byte
	patience time.Duration // for the answer's head, per origin, and then for its first byte
}

// shortHold is how long one of several origins may hold a playlist before another is asked, unless its segments are long: the broadcast
// may have ended there alone.
const shortHold = 3 * time.Second

var errSlow = errors.New("no answer in time")

// send asks the origins in turn until one answers. A request that changes something is tried at the next origin only
// if the one before never got it. Of a request that is spread an answer that says what is asked for counts before one that
// does not, and who holds it for long is waited for once all others were asked.
func (u *origins) send(ctx context.Context, q request) (*http.Response, error) {
	first := u.home(q.stream)
	if !q.listing || len(u.bases) == 1 {
		resp, _, err := u.round(ctx, q, first)
		return resp, err
	}
	brief := q
	brief.patience = min(q.patience, max(shortHold, q.hold))
	resp, holds, err := u.round(ctx, brief, first)
	if holds < 0 || ctx.Err() != nil || err == nil && !lacking(resp.StatusCode) {
		return resp, err
	}
	if err == nil {
		resp.Body.Close()
	}
	q.spread = false // nobody else has it
	resp, _, err = u.round(ctx, q, holds)
	return resp, err
}

// lacking tells whether another origin may have what this answer says is not here, or not now.
func lacking(status int) bool { return status == http.StatusNotFound || status >= 500 }

// round asks each origin once. Holds is the first one that did not answer in time, -1 if there is none.
func (u *origins) round(ctx context.Context, q request, first int) (answer *http.Response, holds int, failed error) {
	holds = -1
	for i := range u.bases {
		index := (first + i) % len(u.bases)
		resp, err := u.attempt(ctx, index, q)
		switch {
		case err == nil && q.spread && len(u.bases) > 1 && lacking(resp.StatusCode):
			if answer == nil {
				answer = resp // unless another has more to say
			} else {
				resp.Body.Close()
			}
			continue
		case err == nil:
			if failed != nil {
				u.log.Warn("edge: an origin does not answer, the next one does", "next", u.bases[index], "error", failed)
			}
			if answer != nil {
				answer.Body.Close()
			}
			u.settle(q, index, resp.StatusCode)
			return resp, -1, nil
		case ctx.Err() != nil:
			if answer != nil {
				answer.Body.Close()
			}
			return nil, -1, context.Cause(ctx)
		}
		if errors.Is(err, errSlow) && holds < 0 {
			holds = index
		}
		err = fmt.Errorf("origin %s: %w", u.bases[index], err)
		failed = errors.Join(failed, err)
		if q.method != http.MethodGet && !neverSent(err) {
			break
		}
	}
	if answer != nil {
		u.note(nil)
		return answer, holds, nil
	}
	if holds < 0 || !q.listing || !q.spread { // else it is asked again
		u.note(failed)
	}
	return nil, holds, failed
}

// home returns which origin to ask first.
func (u *origins) home(stream string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	if index, ok := u.homes[stream]; ok {
		return index
	}
	return int(u.first.Load())
}

// settle notes which origin answered.
func (u *origins) settle(q request, index, status int) {
	u.first.Store(int64(index))
	u.note(nil)
	if !q.listing || len(u.bases) == 1 || status != http.StatusOK {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	old, known := u.homes[q.stream]
	if known && old == index {
		return
	}
	if u.homes == nil || len(u.homes) >= maxHomes {
		u.homes = map[string]int{}
	}
	u.homes[q.stream] = index
	if known {
		u.log.Warn("edge: a stream comes from another origin now", "stream", q.stream, "origin", u.bases[index])
	}
}

// maxHomes bounds the streams whose origin is remembered; past it all are asked for anew.
const maxHomes = 10_000

func (u *origins) attempt(ctx context.Context, index int, q request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(q.patience, func() {
		cancel(fmt.Errorf("%w: %v", errSlow, q.patience))
	})
	defer timer.Stop()
	var body io.Reader
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, u.bases[index]+q.uri, body)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	for name, values := range q.header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "shoal-edge")
	req.Header.Set("Accept-Encoding", "identity") // without it anything may come packed (RFC 9110 12.5.3)
	resp, err := u.transport.RoundTrip(req)       // not http.Client: redirects are not followed
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		cancel(nil)
		return nil, err
	}
	resp.Body = u.arriving(ctx, cancel, resp.Body, index, q)
	return resp, nil
}

// errFrozen is why an answer broke off whose origin fell silent.
var errFrozen = errors.New("edge: the origin's answer makes no progress")

// arriving is an answer's body. A Read that brings nothing for too long ends its request, and so does Close. After an
// answer that broke off the next origin is asked first.
type arriving struct {
	io.ReadCloser
	ctx      context.Context // of the request
	cancel   context.CancelCauseFunc
	silence  *time.Timer   // runs during Read
	patience time.Duration // until the next byte
	broke    func()
}

func (u *origins) arriving(ctx context.Context, cancel context.CancelCauseFunc, body io.ReadCloser, index int, q request) *arriving {
	silence := time.AfterFunc(q.patience, func() { cancel(errFrozen) })
	silence.Stop()
	broke := func() {
		u.first.CompareAndSwap(int64(index), int64((index+1)%len(u.bases)))
		u.mu.Lock()
		defer u.mu.Unlock()
		if at, ok := u.homes[q.stream]; ok && at == index {
			delete(u.homes, q.stream)
		}
	}
	return &arriving{body, ctx, cancel, silence, q.patience, broke}
}

func (a *arriving) Read(b []byte) (int, error) {
	a.silence.Reset(a.patience)
	n, err := a.ReadCloser.Read(b)
	a.silence.Stop()
	if n > 0 {
		a.patience = bodyPause
	}
	if err != nil && err != io.EOF {
		if cause := context.Cause(a.ctx); cause != nil {
			err = cause
		}
		a.broke()
	}
	return n, err
}

func (a *arriving) Close() error {
	err := a.ReadCloser.Close()
	a.cancel(nil)
	return err
}

// neverSent tells whether the origin cannot have seen the request.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func (u *origins) note(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.failure == nil && err != nil:
		u.since = time.Now()
		u.log.Error("edge: no origin answers; what is cached is served on", "error", err)
	case u.failure != nil && err == nil:
		u.log.Info("edge: an origin answers again", "after", time.Since(u.since).Round(time.Millisecond))
	}
	u.failure = err
}

// state returns nil while the latest attempt was answered or none was made.
func (u *origins) state() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.failure == nil {
		return nil
	}
	return fmt.Errorf("edge: no origin has answered since %s: %w", u.since.UTC().Format(time.RFC3339), u.failure)
}
