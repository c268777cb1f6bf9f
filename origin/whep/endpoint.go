package whep

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/stream"
)

const wrongKeyDelay = time.Second

// Config is what an Endpoint needs.
type Config struct {
	Port      *rtc.Port                               // for media
	Authorize func(key string) (name string, ok bool) // the stream a publish key belongs to; nil: everybody may watch
	// ICEServers are told to viewers: stun:HOST:PORT, or turn:HOST:PORT|USER|PASSWORD.
	ICEServers []string
	Streams    *stream.Streams
	Viewers    int    // at once
	PerStream  int    // at once of one stream
	FFmpeg     string // makes Opus of AAC; empty: there is none, and AAC is not heard
	Metrics    *Metrics
	Log        *slog.Logger
}

// Endpoint serves /whep/{name} and /whep/{name}/{session}.
type Endpoint struct {
	// static
	config Config
	links  []string // the ICE servers as Link headers

	mu       sync.Mutex
	running  context.Context
	entered  map[string]int // of a stream's name: sessions, and offers that may become one
	sessions map[string]*session
	feeds    map[*stream.Stream]*feed
	all      sync.WaitGroup
}

// New returns an endpoint that refuses offers until Run. The error is of ICEServers.
func New(config Config) (*Endpoint, error) {
	links, err := rtc.Links(config.ICEServers)
	if err != nil {
		return nil, err
	}
	return &Endpoint{config: config, links: links, entered: map[string]int{}, sessions: map[string]*session{}, feeds: map[*stream.Stream]*feed{}}, nil
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

// Live keeps a stream's newest key frame, and what followed it, at hand until ctx is done, so that whoever comes sees a picture at once.
func (e *Endpoint) Live(ctx context.Context, st *stream.Stream) {
	f := e.hold(st)
	<-ctx.Done()
	e.release(f)
}

// hold returns a stream's feed, which runs until as many have released it.
func (e *Endpoint) hold(st *stream.Stream) *feed {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.feeds[st]
	if f == nil {
		f = newFeed(st, e.config.FFmpeg, e.config.Log)
		e.feeds[st] = f
		go f.run()
	}
	f.holders++
	return f
}

func (e *Endpoint) release(f *feed) {
	e.mu.Lock()
	f.holders--
	last := f.holders == 0
	if last {
		delete(e.feeds, f.stream)
	}
	e.mu.Unlock()
	if last {
		f.tap.Close()
		<-f.ended
	}
}

// ServeHTTP answers; the caller sets the general CORS headers.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, id := r.PathValue("name"), r.PathValue("session")
	switch {
	case !stream.ValidName(name):
		e.fail(w, http.StatusNotFound, "a stream name has 1 to 64 letters, digits, '-' or '_'")
	case r.Method == http.MethodOptions:
		w.Header().Set("Accept-Post", rtc.TypeSDP)
		w.Header().Set("Access-Control-Allow-Methods", "POST, PATCH, DELETE, GET, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		e.get(w, r, name)
	case !e.authorized(w, r, name):
	case r.Method == http.MethodPost && id == "":
		e.post(w, r, name)
	case r.Method == http.MethodPatch && id != "":
		e.patch(w, r, name, id)
	case r.Method == http.MethodDelete && id != "":
		e.delete(w, r, name, id)
	default:
		w.Header().Set("Allow", "OPTIONS, GET, HEAD, POST, PATCH, DELETE")
		e.fail(w, http.StatusMethodNotAllowed, "POST goes to /whep/NAME; PATCH and DELETE to the Location that POST answered")
	}
}

func (e *Endpoint) fail(w http.ResponseWriter, status int, text string) {
	hls.Fail(w, status, "whep: "+strings.TrimPrefix(strings.TrimPrefix(text, "whep: "), "webrtc: "))
}

func (e *Endpoint) refuse(w http.ResponseWriter, status int, reason, text string) {
	e.config.Metrics.Refusals.WithLabelValues(reason).Inc()
	if status == http.StatusServiceUnavailable || status == http.StatusConflict {
		w.Header().Set("Retry-After", "2")
	}
	e.fail(w, status, text)
}

// authorized checks the Bearer token, or answers why not.
func (e *Endpoint) authorized(w http.ResponseWriter, r *http.Request, name string) bool {
	if e.config.Authorize == nil {
		return true
	}
	key := rtc.Bearer(r)
	if key == "" {
		w.Header().Set("WWW-Authenticate", "Bearer")
		e.refuse(w, http.StatusUnauthorized, refusedKey, "send the stream's publish key as Bearer token; whoever has none watches by HLS")
		return false
	}
	owner, ok := e.config.Authorize(key)
	if ok && owner == name {
		return true
	}
	select {
	case <-time.After(wrongKeyDelay):
	case <-r.Context().Done():
	}
	if ok {
		e.refuse(w, http.StatusForbidden, refusedKey, "this publish key belongs to another stream")
		return false
	}
	w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	e.refuse(w, http.StatusUnauthorized, refusedKey, "wrong publish key")
	return false
}

// Evict ends the sessions whose key does not hold any more.
func (e *Endpoint) Evict(holds func(key string) bool) {
	if e.config.Authorize == nil {
		return
	}
	e.mu.Lock()
	all := slices.Collect(maps.Values(e.sessions))
	e.mu.Unlock()
	for _, s := range all {
		if !holds(s.key) {
			s.end(errRevoked)
		}
	}
}

// enter takes a place among the sessions, which the function it returns gives back; nil if there is none.
func (e *Endpoint) enter(name string) (context.Context, func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := 0
	for _, n := range e.entered {
		all += n
	}
	if e.running == nil || all >= e.config.Viewers || e.entered[name] >= e.config.PerStream {
		return nil, nil
	}
	e.entered[name]++
	e.all.Add(1)
	return e.running, func() {
		e.mu.Lock()
		if e.entered[name]--; e.entered[name] == 0 {
			delete(e.entered, name)
		}
		e.mu.Unlock()
		e.all.Done()
	}
}
