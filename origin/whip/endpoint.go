package whip

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/stream"
)

const (
	wrongKeyDelay = time.Second
	maxSessions   = 256
)

// Config is what an Endpoint needs.
type Config struct {
	Port      *rtc.Port     // for media
	Keyframes time.Duration // so often a key frame is asked for, where none has just come; default 2 s
	// ICEServers are told to broadcasters: stun:HOST:PORT, or turn:HOST:PORT|USER|PASSWORD.
	ICEServers []string
	Authorize  func(key string) (name string, ok bool) // the stream a publish key belongs to
	Streams    *stream.Streams
	Metrics    *stream.Metrics
	Log        *slog.Logger
}

// Endpoint serves /whip/{name} and /whip/{name}/{session}.
type Endpoint struct {
	// static
	config Config
	links  []string // the ICE servers as Link headers

	mu       sync.Mutex
	running  context.Context
	entered  int // sessions, and offers that may become one
	sessions map[string]*session
	all      sync.WaitGroup
}

// New returns an endpoint that refuses offers until Run. The error is of ICEServers.
func New(config Config) (*Endpoint, error) {
	links, err := rtc.Links(config.ICEServers)
	if err != nil {
		return nil, err
	}
	if config.Keyframes <= 0 {
		config.Keyframes = 2 * time.Second
	}
	return &Endpoint{config: config, links: links, sessions: map[string]*session{}}, nil
}

// Run takes offers until ctx is done; it returns when all sessions are closed. The port must be open until then.
func (e *Endpoint) Run(ctx context.Context) {
	e.mu.Lock()
	e.running = ctx
	e.mu.Unlock()
	<-ctx.Done()
	e.mu.Lock()
	e.running = nil
	e.mu.Unlock()
	e.all.Wait()
}

// ServeHTTP answers; the caller sets the general CORS headers.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, id := r.PathValue("name"), r.PathValue("session")
	switch {
	case !stream.ValidName(name):
		hls.Fail(w, http.StatusNotFound, "whip: a stream name has 1 to 64 letters, digits, '-' or '_'")
	case r.Method == http.MethodOptions:
		w.Header().Set("Accept-Post", rtc.TypeSDP)
		w.Header().Set("Access-Control-Allow-Methods", "POST, PATCH, DELETE, GET, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		w.Header().Set("Accept-Post", rtc.TypeSDP)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "POST an SDP offer here, with the publish key as Bearer token (RFC 9725).\n")
	case !e.authorized(w, r, name):
	case r.Method == http.MethodPost && id == "":
		e.post(w, r, name)
	case r.Method == http.MethodPatch && id != "":
		e.patch(w, r, name, id)
	case r.Method == http.MethodDelete && id != "":
		e.delete(w, r, name, id)
	default:
		w.Header().Set("Allow", "OPTIONS, GET, HEAD, POST, PATCH, DELETE")
		e.fail(w, http.StatusMethodNotAllowed, "whip: POST goes to /whip/NAME; PATCH and DELETE to the Location that POST answered")
	}
}

func (e *Endpoint) fail(w http.ResponseWriter, status int, text string) {
	hls.Fail(w, status, text)
}

// refuse answers an offer that is not taken, and says so in the log.
func (e *Endpoint) refuse(w http.ResponseWriter, name string, status int, why string) {
	e.config.Log.Warn("whip: refused", "stream", name, "status", status, "error", why)
	e.fail(w, status, why)
}

// authorized checks the Bearer token, or answers why not.
func (e *Endpoint) authorized(w http.ResponseWriter, r *http.Request, name string) bool {
	key := rtc.Bearer(r)
	if key == "" {
		w.Header().Set("WWW-Authenticate", "Bearer")
		e.fail(w, http.StatusUnauthorized, "whip: send the publish key as Bearer token")
		return false
	}
	owner, ok := e.config.Authorize(key)
	if ok && owner == name {
		return true
	}
	e.config.Metrics.Refusals.WithLabelValues(stream.RefusedKey).Inc()
	select {
	case <-time.After(wrongKeyDelay):
	case <-r.Context().Done():
	}
	if ok {
		e.refuse(w, name, http.StatusForbidden, "whip: this publish key belongs to another stream")
		return false
	}
	w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	e.refuse(w, name, http.StatusUnauthorized, "whip: wrong publish key")
	return false
}

// enter takes a place among the sessions, which the function it returns gives back; nil if there is none.
func (e *Endpoint) enter() (context.Context, func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running == nil || e.entered >= maxSessions {
		return nil, nil
	}
	e.entered++
	e.all.Add(1)
	return e.running, e.leave
}

func (e *Endpoint) leave() {
	e.mu.Lock()
	e.entered--
	e.mu.Unlock()
	e.all.Done()
}
