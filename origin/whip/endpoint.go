package whip

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/stream"
)

const maxSessions = 256

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

	sessions *rtc.Sessions[*session]
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
	return &Endpoint{config: config, links: links, sessions: rtc.NewSessions[*session](maxSessions, maxSessions)}, nil
}

// Run takes offers until ctx is done; it returns when all sessions are closed. The port must be open until then.
func (e *Endpoint) Run(ctx context.Context) { e.sessions.Run(ctx) }

// ServeHTTP answers; the caller sets the general CORS headers.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, id := r.PathValue("name"), r.PathValue("session")
	switch {
	case !stream.ValidName(name):
		hls.Fail(w, http.StatusNotFound, "whip: a stream name has 1 to 64 letters, digits, '-' or '_'")
	case r.Method == http.MethodOptions:
		rtc.ServeOptions(w)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		w.Header().Set("Accept-Post", rtc.TypeSDP)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "POST an SDP offer here, with the publish key as Bearer token (RFC 9725).\n")
	case !e.authorized(w, r, name):
	case r.Method == http.MethodPost && id == "":
		e.post(w, r, name)
	case r.Method == http.MethodPatch && id != "":
		if e.sessions.ServePatch(w, r, name, id, hls.Fail) {
			e.config.Log.Info("whip: ICE restarted", "stream", name)
		}
	case r.Method == http.MethodDelete && id != "":
		e.sessions.ServeDelete(w, r, name, id, errDeleted, hls.Fail)
	default:
		w.Header().Set("Allow", "OPTIONS, GET, HEAD, POST, PATCH, DELETE")
		hls.Fail(w, http.StatusMethodNotAllowed, "whip: POST goes to /whip/NAME; PATCH and DELETE to the Location that POST answered")
	}
}

// refuse answers an offer that is not taken, and says so in the log.
func (e *Endpoint) refuse(w http.ResponseWriter, name string, status int, why string) {
	e.config.Log.Warn("whip: refused", "stream", name, "status", status, "error", why)
	hls.Fail(w, status, why)
}

// authorized checks the Bearer token, or answers why not.
func (e *Endpoint) authorized(w http.ResponseWriter, r *http.Request, name string) bool {
	status, err := rtc.Authorize(w, r, name, e.config.Authorize)
	switch {
	case err == nil:
		return true
	case errors.Is(err, rtc.ErrNoKey):
		hls.Fail(w, status, "whip: send the publish key as Bearer token")
	default:
		e.config.Metrics.Refusals.WithLabelValues(stream.RefusedKey).Inc()
		e.refuse(w, name, status, "whip: "+err.Error())
	}
	return false
}
