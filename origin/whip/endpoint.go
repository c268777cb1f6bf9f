package whip

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/stream"
)

const (
	typeSDP       = "application/sdp"
	typeFragment  = "application/trickle-ice-sdpfrag"
	wrongKeyDelay = time.Second
	maxSessions   = 256
)

// Config is what an Endpoint needs.
type Config struct {
	Addr      string   // UDP host:port for media
	PublicIPs []string // told to broadcasters besides the machine's own
	Keyframes time.Duration
	Authorize func(key string) (name string, ok bool) // the stream a publish key belongs to
	Streams   *stream.Streams
	Metrics   *stream.Metrics
	Log       *slog.Logger
}

// Endpoint serves /whip/{name} and /whip/{name}/{session}.
type Endpoint struct {
	// static
	config Config

	mu       sync.Mutex
	port     *port // nil while not listening
	running  context.Context
	entered  int // sessions, and offers that may become one
	sessions map[string]*session
	all      sync.WaitGroup
}

// New returns an endpoint that refuses offers until Listen and Run.
func New(config Config) *Endpoint {
	return &Endpoint{config: config, sessions: map[string]*session{}}
}

// Listen opens the UDP port. Run closes it.
func (e *Endpoint) Listen() error {
	p, err := listen(e.config.Addr, aside{log: e.config.Log, scope: "ice"})
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.port = p
	return nil
}

// Addresses returns what the UDP port is open on.
func (e *Endpoint) Addresses() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.port == nil {
		return nil
	}
	return append(append([]string(nil), e.port.addresses...), e.config.PublicIPs...)
}

// Run takes offers until ctx is done; it returns when all sessions and the port are closed.
func (e *Endpoint) Run(ctx context.Context) {
	e.mu.Lock()
	e.running = ctx
	e.mu.Unlock()
	<-ctx.Done()
	e.mu.Lock()
	e.running = nil
	p := e.port
	e.mu.Unlock()
	e.all.Wait()
	e.mu.Lock()
	e.port = nil
	e.mu.Unlock()
	if err := p.mux.Close(); err != nil {
		e.config.Log.Warn("whip: close port", "error", err)
	}
}

// ServeHTTP answers; the caller sets the general CORS headers.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, id := r.PathValue("name"), r.PathValue("session")
	switch {
	case !stream.ValidName(name):
		hls.Fail(w, http.StatusNotFound, "whip: a stream name has 1 to 64 letters, digits, '-' or '_'")
	case r.Method == http.MethodOptions:
		w.Header().Set("Accept-Post", typeSDP)
		w.Header().Set("Access-Control-Allow-Methods", "POST, PATCH, DELETE, GET, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		w.Header().Set("Accept-Post", typeSDP)
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

// authorized checks the Bearer token, or answers why not.
func (e *Endpoint) authorized(w http.ResponseWriter, r *http.Request, name string) bool {
	key := tokenOf(r)
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
		e.fail(w, http.StatusForbidden, "whip: this publish key belongs to another stream")
		return false
	}
	w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	e.fail(w, http.StatusUnauthorized, "whip: wrong publish key")
	return false
}

// tokenOf returns the Bearer token of a request, empty if it has none.
func tokenOf(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

func body(r *http.Request, kind string) (string, int, string) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != kind {
		return "", http.StatusUnsupportedMediaType, "whip: Content-Type must be " + kind
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, maxOffer+1))
	if err != nil {
		return "", http.StatusBadRequest, "whip: the body broke off"
	}
	if len(b) > maxOffer {
		return "", http.StatusRequestEntityTooLarge, "whip: the body is too long"
	}
	return string(b), 0, ""
}

func (e *Endpoint) post(w http.ResponseWriter, r *http.Request, name string) {
	text, status, why := body(r, typeSDP)
	if status != 0 {
		e.fail(w, status, why)
		return
	}
	o, err := parseOffer(text)
	if err != nil {
		e.config.Metrics.Refusals.WithLabelValues(stream.RefusedFormat).Inc()
		status := http.StatusUnprocessableEntity
		if errors.Is(err, errOffer) {
			status = http.StatusBadRequest
		}
		e.fail(w, status, err.Error())
		return
	}
	ctx, done := e.enter()
	if ctx == nil {
		w.Header().Set("Retry-After", "2")
		e.config.Metrics.Refusals.WithLabelValues(stream.RefusedLimit).Inc()
		e.fail(w, http.StatusServiceUnavailable, "whip: no more broadcasts are taken now")
		return
	}
	publish, err := e.config.Streams.Publish(name, "whip")
	if err != nil {
		done()
		status := http.StatusInternalServerError
		if errors.Is(err, stream.ErrBusy) {
			status = http.StatusConflict
			e.config.Metrics.Refusals.WithLabelValues(stream.RefusedBusy).Inc()
		}
		e.fail(w, status, err.Error())
		return
	}
	publish.OpenedBy(tokenOf(r))
	s, answer, err := e.answer(r.Context(), rand.Text(), name, text, o, publish)
	if err != nil {
		publish.Close()
		done()
		status := http.StatusInternalServerError
		if errors.Is(err, errOffer) {
			status = http.StatusBadRequest
		}
		e.fail(w, status, err.Error())
		return
	}
	e.mu.Lock()
	e.sessions[s.id] = s
	e.mu.Unlock()
	go func() {
		defer done()
		defer close(s.closed)
		err := s.run(ctx, e.config.Keyframes)
		e.mu.Lock()
		delete(e.sessions, s.id)
		e.mu.Unlock()
		e.config.Log.Info("whip: session ended", "stream", name, "cause", err)
	}()
	h := w.Header()
	h.Set("Content-Type", typeSDP)
	h.Set("Location", "/whip/"+name+"/"+s.id)
	h.Set("ETag", s.etag())
	h.Set("Accept-Patch", typeFragment)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer)
}

func (s *session) etag() string { return `"` + s.id[:12] + `"` }

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

func (e *Endpoint) find(name, id string) *session {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.sessions[id]; s != nil && s.name == name {
		return s
	}
	return nil
}

func (e *Endpoint) patch(w http.ResponseWriter, r *http.Request, name, id string) {
	s := e.find(name, id)
	if s == nil {
		e.fail(w, http.StatusNotFound, "whip: no such session")
		return
	}
	text, status, why := body(r, typeFragment)
	if status != 0 {
		e.fail(w, status, why)
		return
	}
	f, err := parseFragment(text)
	match := r.Header.Get("If-Match")
	switch {
	case err != nil:
		e.fail(w, http.StatusBadRequest, err.Error())
		return
	case match == "":
		e.fail(w, http.StatusPreconditionRequired, "whip: If-Match with the session's ETag is needed")
		return
	case f.ufrag != "" && f.ufrag != s.ufrag:
		e.fail(w, http.StatusUnprocessableEntity, "whip: ICE restart is not possible here: DELETE the session and POST again")
		return
	case match != s.etag() && match != "*":
		e.fail(w, http.StatusPreconditionFailed, "whip: If-Match is not the session's ETag")
		return
	case int(s.candidates.Add(int32(len(f.candidates)))) > maxCandidates:
		e.fail(w, http.StatusUnprocessableEntity, "whip: too many candidates")
		return
	}
	for _, c := range f.candidates {
		if err := s.pc.AddICECandidate(c); err != nil {
			e.fail(w, http.StatusBadRequest, "whip: candidate: "+err.Error())
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (e *Endpoint) delete(w http.ResponseWriter, r *http.Request, name, id string) {
	s := e.find(name, id)
	if s == nil {
		e.fail(w, http.StatusNotFound, "whip: no such session")
		return
	}
	s.end(errDeleted)
	select {
	case <-s.closed: // the stream is free again when the answer comes
	case <-r.Context().Done():
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

func attribute(sdp, key string) string {
	_, rest, _ := strings.Cut(sdp, key)
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}
