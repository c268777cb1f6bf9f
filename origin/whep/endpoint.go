package whep

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/stream"
)

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

	sessions *rtc.Sessions[*session]

	mu    sync.Mutex
	feeds map[*stream.Stream]*feed
}

// New returns an endpoint that refuses offers until Run. The error is of ICEServers.
func New(config Config) (*Endpoint, error) {
	links, err := rtc.Links(config.ICEServers)
	if err != nil {
		return nil, err
	}
	return &Endpoint{
		config: config, links: links,
		sessions: rtc.NewSessions[*session](config.Viewers, config.PerStream), feeds: map[*stream.Stream]*feed{},
	}, nil
}

// Run takes offers until ctx is done; it returns when all sessions are closed. The port must be open until then.
func (e *Endpoint) Run(ctx context.Context) { e.sessions.Run(ctx) }

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
		rtc.ServeOptions(w)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		e.get(w, r, name)
	case !e.authorized(w, r, name):
	case r.Method == http.MethodPost && id == "":
		e.post(w, r, name)
	case r.Method == http.MethodPatch && id != "":
		if e.sessions.ServePatch(w, r, name, id, e.fail) {
			e.config.Log.Info("whep: ICE restarted", "stream", name)
		}
	case r.Method == http.MethodDelete && id != "":
		e.sessions.ServeDelete(w, r, name, id, errDeleted, e.fail)
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
	status, err := rtc.Authorize(w, r, name, e.config.Authorize)
	switch {
	case err == nil:
		return true
	case errors.Is(err, rtc.ErrNoKey):
		e.refuse(w, status, refusedKey, "send the stream's publish key as Bearer token; whoever has none watches by HLS")
	default:
		e.refuse(w, status, refusedKey, err.Error())
	}
	return false
}

// Evict ends the sessions whose key does not hold any more.
func (e *Endpoint) Evict(holds func(key string) bool) {
	if e.config.Authorize == nil {
		return
	}
	for _, s := range e.sessions.All() {
		if !holds(s.Key) {
			s.End(errRevoked)
		}
	}
}
