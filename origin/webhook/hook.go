package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

const (
	mostWaiting = 256
	attemptTime = 10 * time.Second // for an answer
	firstPause  = 500 * time.Millisecond
	longPause   = time.Minute
	keepTrying  = time.Hour
	lastWords   = 3 * time.Second // for all that waits when the program ends
	mostAnswer  = 4 << 10         // bytes of an answer that are read, so that its connection can be used again
)

// hook is one URL, with what waits for it.
type hook struct {
	// static
	url     string
	shown   string // in the log: a query may hold secrets
	secret  Secret
	client  *http.Client
	log     *slog.Logger
	metrics metrics

	// owned by run
	failed int // attempts since one succeeded

	mu      sync.Mutex
	waiting []message     // the first is being sent
	more    chan struct{} // holds one when something came
}

func newHook(text string, config Config, m metrics) *hook {
	u, _ := url.Parse(text) // checked
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return &hook{
		url: text, shown: u.String(), secret: config.Secret, log: config.Log, metrics: m, more: make(chan struct{}, 1),
		client: &http.Client{Transport: config.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a POST that is redirected may arrive as a GET
		}},
	}
}

// put adds a message. When too many wait the oldest goes, but for the one that may be on its way.
func (h *hook) put(m message) {
	h.mu.Lock()
	if len(h.waiting) == mostWaiting {
		h.waiting = append(h.waiting[:1], h.waiting[2:]...)
		h.metrics.events.WithLabelValues(dropped).Inc()
	}
	h.waiting = append(h.waiting, m)
	h.mu.Unlock()
	select {
	case h.more <- struct{}{}:
	default:
	}
}

// first returns the oldest message.
func (h *hook) first() (m message, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.waiting) == 0 {
		return message{}, false
	}
	return h.waiting[0], true
}

// done takes the oldest message away.
func (h *hook) done(result string) {
	h.mu.Lock()
	h.waiting = h.waiting[1:]
	h.mu.Unlock()
	h.metrics.events.WithLabelValues(result).Inc()
}

func (h *hook) run(ctx context.Context) {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx)) // what is on its way when ctx ends may arrive
	defer cancel()
	limit := make(chan *time.Timer, 1)
	stop := context.AfterFunc(ctx, func() { limit <- time.AfterFunc(lastWords, cancel) })
	defer func() {
		if !stop() {
			(<-limit).Stop()
		}
	}()
	for ctx.Err() == nil {
		m, ok := h.first()
		pause := longPause
		if ok {
			if pause = h.attempt(sending, m); pause == 0 {
				continue
			}
		}
		h.rest(ctx, pause, !ok)
	}
	h.last(sending)
}

// rest waits for so long, or until ctx is done; and if it is idle until something comes.
func (h *hook) rest(ctx context.Context, pause time.Duration, idle bool) {
	more := h.more
	if !idle {
		more = nil
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-more:
	case <-ctx.Done():
	}
}

// attempt sends a message once. It returns the pause until the next attempt, 0 where the message is done with.
func (h *hook) attempt(ctx context.Context, m message) time.Duration {
	err := h.send(ctx, m)
	switch {
	case err == nil:
		if h.failed > 0 {
			h.log.Info("webhook: a URL takes events again", "url", h.shown, "attempts", h.failed)
		}
		h.failed = 0
		h.done(delivered)
		return 0
	case ctx.Err() != nil:
		return longPause // nor is there time for another
	}
	h.metrics.failures.Inc()
	if h.failed++; h.failed == 1 {
		h.log.Warn("webhook: a URL does not take events; they are tried again for an hour", "url", h.shown, "error", err)
	}
	if time.Since(m.time) > keepTrying {
		h.done(dropped)
		return 0
	}
	pause := min(firstPause<<min(h.failed-1, 10), longPause)
	return pause/2 + rand.N(pause/2) // so that not all origins come at once to a receiver that is back
}

// last sends once more what waits, in order, as long as it is taken and ctx allows.
func (h *hook) last(ctx context.Context) {
	for {
		m, ok := h.first()
		if !ok {
			return
		}
		if err := h.send(ctx, m); err != nil {
			break
		}
		h.done(delivered)
	}
	lost := 0
	for _, ok := h.first(); ok; _, ok = h.first() {
		h.done(dropped)
		lost++
	}
	h.log.Warn("webhook: the program ends before all was told", "url", h.shown, "lost", lost)
}

func (h *hook) send(ctx context.Context, m message) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(m.body))
	if err != nil {
		return err
	}
	now := time.Now()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "shoal-origin")
	r.Header.Set("Webhook-Id", m.id)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	if len(h.secret) > 0 {
		r.Header.Set("Webhook-Signature", h.secret.Sign(m.id, now, m.body))
	}
	resp, err := h.client.Do(r)
	if err != nil {
		if wrapped, ok := err.(*url.Error); ok {
			err = wrapped.Err // without the URL
		}
		return err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, mostAnswer) // what it says does not matter
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("it answered %d", resp.StatusCode)
	}
	return nil
}
