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

// origins reaches the origins: the one that answered last first, the others when it cannot be reached.
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
	uri      string
	header   http.Header
	body     []byte
	patience time.Duration // for the answer's head, per origin, and then for its first byte
}

// send asks the origins in turn until one answers. A request that changes something is tried at the next origin only
// if the one before never got it.
func (u *origins) send(ctx context.Context, q request) (*http.Response, error) {
	first := int(u.first.Load())
	var failed error
	for i := range u.bases {
		index := (first + i) % len(u.bases)
		resp, err := u.attempt(ctx, index, q)
		if err == nil {
			if failed != nil {
				u.log.Warn("edge: an origin does not answer, the next one does", "next", u.bases[index], "error", failed)
			}
			u.first.Store(int64(index))
			u.note(nil)
			return resp, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		err = fmt.Errorf("origin %s: %w", u.bases[index], err)
		failed = errors.Join(failed, err)
		if q.method != http.MethodGet && !neverSent(err) {
			break
		}
	}
	u.note(failed)
	return nil, failed
}

func (u *origins) attempt(ctx context.Context, index int, q request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(q.patience, func() {
		cancel(fmt.Errorf("no answer within %v", q.patience))
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
	resp, err := u.transport.RoundTrip(req) // not http.Client: redirects are not followed
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		cancel(nil)
		return nil, err
	}
	resp.Body = u.arriving(ctx, cancel, resp.Body, index, q.patience)
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

func (u *origins) arriving(ctx context.Context, cancel context.CancelCauseFunc, body io.ReadCloser, index int, patience time.Duration) *arriving {
	silence := time.AfterFunc(patience, func() { cancel(errFrozen) })
	silence.Stop()
	broke := func() { u.first.CompareAndSwap(int64(index), int64((index+1)%len(u.bases))) }
	return &arriving{body, ctx, cancel, silence, patience, broke}
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
