package edge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// upstream is one origin or parent edge as this edge sees it. One that cannot be reached, or is silent, is out: it is
// asked when nobody else answers, until it answers a probe or a request. One that leads back is not asked at all, until it takes a probe.
type upstream struct {
	// static
	base   string
	parent bool
	seed   uint64 // of its base: for rendezvous
	index  int    // among the origins, or among the parents
	log    *slog.Logger
	clock  clock

	heard atomic.Int64 // when something came from it last, by its clock

	// guarded by mu
	mu      sync.Mutex
	out     bool
	told    bool      // the log says that it is out
	doubted bool      // it failed somehow, or was never heard of: it is probed at once
	shaky   time.Time // until then others are asked first: an answer of it was of no use
	probing bool
	probed  time.Time // when the newest probe began
	waits   map[*wait]struct{}
	back    bool   // it leads back to this edge
	chain   string // by which that was seen
}

func newUpstream(base string, parent bool, index int, log *slog.Logger) *upstream {
	h := fnv.New64a()
	io.WriteString(h, base)
	return &upstream{base: base, parent: parent, index: index, seed: h.Sum64(), log: log, clock: clock{time.Now()}, waits: map[*wait]struct{}{}, doubted: true}
}

// clock tells times as numbers: nanoseconds from when it was made on, or a little more. That of the machine may be set meanwhile, and this one goes on.
type clock struct{ made time.Time }

func (c clock) at(now time.Time) int64 { return int64(now.Sub(c.made)) + 1 }

// wait is one request whose answer, or the next byte of it, is waited for.
type wait struct {
	clock  clock
	since  atomic.Int64 // by its clock; 0: nothing is waited for now
	cancel context.CancelCauseFunc
}

func (w *wait) begin() { w.since.Store(w.clock.at(time.Now())) }
func (w *wait) end()   { w.since.Store(0) }

// How long others are asked first after an answer that broke off, and after one that was false.
const (
	brokeTime = time.Second
	falseTime = 10 * time.Second
)

var (
	errSlow   = errors.New("no answer in time")
	errSilent = errors.New("edge: the origin has fallen silent")
	errFrozen = errors.New("edge: the origin's answer makes no progress")
)

// attempt asks once.
func (u *upstream) attempt(ctx context.Context, transport http.RoundTripper, q request, patience time.Duration) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(patience, func() { cancel(errSlow) })
	defer timer.Stop()
	var body io.Reader
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, u.base+q.uri, body)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	for name, values := range q.header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "shoal-edge")
	req.Header.Set(loopField, q.chain)
	req.Header.Set("Accept-Encoding", "identity") // without it anything may come packed (RFC 9110 12.5.3)
	w := &wait{clock: u.clock, cancel: cancel}
	w.begin()
	u.add(w)
	resp, err := transport.RoundTrip(req) // not http.Client: redirects are not followed
	w.end()
	if err != nil {
		u.remove(w)
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		} else if lacksFiles(err) {
			err = fmt.Errorf("%w: %w", errFiles, err)
		} else {
			u.failed(err)
		}
		cancel(nil)
		return nil, err
	}
	if resp.StatusCode == http.StatusLoopDetected {
		resp.Body.Close()
		u.remove(w)
		cancel(nil)
		return nil, errLoop
	}
	u.answered()
	resp.Body = u.arriving(ctx, resp.Body, w, q.patience)
	return resp, nil
}

func (u *upstream) add(w *wait) {
	u.mu.Lock()
	u.waits[w] = struct{}{}
	u.mu.Unlock()
}

func (u *upstream) remove(w *wait) {
	u.mu.Lock()
	delete(u.waits, w)
	u.mu.Unlock()
}

func (u *upstream) isOut() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.out || u.back
}

// failed notes that a request was not answered. One that nobody listens for is out; any other is doubted.
func (u *upstream) failed(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.out = u.out || neverSent(err)
	u.doubted = true
}

// distrust has others asked first for a while.
func (u *upstream) distrust(long time.Duration) {
	u.mu.Lock()
	u.shaky = time.Now().Add(long)
	u.mu.Unlock()
}

// answered notes that it is there. What is asked of one that is out, since nobody else is in, may find that out before a probe does.
func (u *upstream) answered() {
	u.heard.Store(u.clock.at(time.Now()))
	u.mu.Lock()
	told := u.told && !u.back
	u.out, u.doubted, u.told = false, false, u.back
	u.mu.Unlock()
	if told {
		u.returned()
	}
}

// returned says that it is there again, once for each time that it was said not to be.
func (u *upstream) returned() { u.log.Info("edge: an upstream answers again", "at", u.base) }

// How soon to ask: the sure at once, the others after those.
const (
	sure = iota
	shaky
	avoided
	gone
)

// trust returns how soon to ask u.
func (u *upstream) trust(now time.Time, avoid *upstream) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.out:
		return gone
	case u == avoid:
		return avoided
	case now.Before(u.shaky):
		return shaky
	}
	return sure
}

// neverSent tells whether the origin cannot have seen the request.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// arriving is an answer's body. A Read that brings nothing for too long ends its request, and so does Close. After an
// answer that broke off others are asked first.
type arriving struct {
	io.ReadCloser
	from     *upstream
	ctx      context.Context // of the request
	wait     *wait
	silence  *time.Timer   // runs during Read
	patience time.Duration // until the next byte
}

func (u *upstream) arriving(ctx context.Context, body io.ReadCloser, w *wait, patience time.Duration) *arriving {
	silence := time.AfterFunc(patience, func() { w.cancel(errFrozen) })
	silence.Stop()
	return &arriving{body, u, ctx, w, silence, patience}
}

func (a *arriving) Read(b []byte) (int, error) {
	a.silence.Reset(a.patience)
	a.wait.begin()
	n, err := a.ReadCloser.Read(b)
	a.wait.end()
	a.silence.Stop()
	if n > 0 {
		a.patience = bodyPause
		a.from.heard.Store(a.from.clock.at(time.Now()))
	}
	if err == nil || err == io.EOF {
		return n, err
	}
	cause := context.Cause(a.ctx)
	if cause != nil {
		err = cause
	}
	if cause == nil || cause == errFrozen || cause == errSilent { // else it is who asks that leaves off
		a.from.failed(err)
		a.from.distrust(brokeTime)
	}
	return n, err
}

func (a *arriving) Close() error {
	err := a.ReadCloser.Close()
	a.from.remove(a.wait)
	a.wait.cancel(nil)
	return err
}
