package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config is what Hooks are made from. The zero value tells nobody.
type Config struct {
	URLs      []string              // http or https
	Secret    Secret                // empty: events are not signed
	Transport http.RoundTripper     // how URLs are reached; default an own http.Transport
	Registry  prometheus.Registerer // nil: nobody takes the metrics
	Log       *slog.Logger          // default slog.Default()
}

// Hooks tells all URLs.
type Hooks struct {
	config  Config
	hooks   []*hook
	metrics metrics
}

type metrics struct {
	events   *prometheus.CounterVec // result
	failures prometheus.Counter
}

// What becomes of an event at one URL.
const (
	delivered = "delivered"
	dropped   = "dropped"
)

// New returns hooks that send nothing until Run.
func New(config Config) (*Hooks, error) {
	if config.Log == nil {
		config.Log = slog.Default()
	}
	if config.Transport == nil {
		config.Transport = &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: attemptTime}
	}
	h := &Hooks{config: config, metrics: metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_webhook_events_total", Help: "Events, for each URL that is told.",
		}, []string{"result"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "shoal_origin_webhook_failures_total", Help: "Attempts to tell of an event that failed.",
		}),
	}}
	for _, result := range []string{delivered, dropped} {
		h.metrics.events.WithLabelValues(result)
	}
	for _, text := range config.URLs {
		if err := CheckURL(text); err != nil {
			return nil, err
		}
		h.hooks = append(h.hooks, newHook(text, config, h.metrics))
	}
	if config.Registry == nil {
		return h, nil
	}
	if err := errors.Join(config.Registry.Register(h.metrics.events), config.Registry.Register(h.metrics.failures)); err != nil {
		return nil, fmt.Errorf("webhook: metrics: %w", err)
	}
	return h, nil
}

// ErrURL is that a text is no URL that can be told.
var ErrURL = errors.New("webhook: want a URL like https://HOST/PATH")

// CheckURL tells why a text is no URL that can be told, or nil.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ErrURL
	}
	return nil
}

// Send tells all URLs of an event, in the background.
func (h *Hooks) Send(e Event) {
	if len(h.hooks) == 0 {
		return
	}
	m := e.message(time.Now())
	for _, hook := range h.hooks {
		hook.put(m)
	}
}

// Run sends until ctx is done, and then for lastWords at most.
func (h *Hooks) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, hook := range h.hooks {
		all.Go(func() { hook.run(ctx) })
	}
	all.Wait()
	if t, ok := h.config.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}
