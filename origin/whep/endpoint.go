package whep

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/stream"
)

const (
	wrongKeyDelay = time.Second
	knownWithin   = 5 * time.Second // that a stream's first key frame is waited for: an answer must come within 8
	lookWithin    = 300 * time.Millisecond
)

// SilenceHeader says on an answer why it has no sound.
const SilenceHeader = "Shoal-No-Sound"

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
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if key = strings.TrimSpace(key); !strings.EqualFold(scheme, "Bearer") || key == "" {
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

// State is what GET answers.
type State struct {
	Playable bool      `json:"playable"`
	Why      string    `json:"why,omitempty"` // not
	Sound    bool      `json:"sound"`
	Silence  string    `json:"noSound,omitempty"` // why
	Now      time.Time `json:"now"`               // as sender reports count
}

// get tells whether there is something to play, and what time it is here, by which a viewer knows how late a picture is.
func (e *Endpoint) get(w http.ResponseWriter, r *http.Request, name string) {
	var state State
	st := e.config.Streams.Get(name)
	if st == nil || st.Session() == nil {
		state.Why = "the stream is not live"
	} else {
		f := e.hold(st)
		ctx, cancel := context.WithTimeout(r.Context(), lookWithin)
		_, silence, err := f.playable(ctx)
		cancel()
		e.release(f)
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			state.Why = "the stream's next key frame has yet to come"
		case err != nil:
			state.Why = strings.TrimPrefix(err.Error(), "whep: ")
		default:
			state.Playable = true
		}
		if silence != nil {
			state.Silence = silence.Error()
		}
		state.Sound = err == nil && silence == nil
	}
	h := w.Header()
	h.Set("Accept-Post", rtc.TypeSDP)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/json")
	state.Now = time.Now()
	_ = json.NewEncoder(w).Encode(state) // the asker may have gone
}

func (e *Endpoint) post(w http.ResponseWriter, r *http.Request, name string) {
	text, status, why := rtc.Body(r, rtc.TypeSDP)
	if status != 0 {
		e.fail(w, status, why)
		return
	}
	o, err := parseOffer(text)
	if err != nil {
		status := http.StatusUnprocessableEntity
		if errors.Is(err, rtc.ErrOffer) {
			status = http.StatusBadRequest
		}
		e.refuse(w, status, refusedFormat, err.Error())
		return
	}
	st := e.config.Streams.Get(name)
	if st == nil || st.Session() == nil {
		e.refuse(w, http.StatusConflict, refusedIdle, name+" is not live now")
		return
	}
	ctx, leave := e.enter(name)
	if ctx == nil {
		e.refuse(w, http.StatusServiceUnavailable, refusedLimit, "no more viewers are taken by WHEP now; watch by HLS")
		return
	}
	f := e.hold(st)
	done := func() { e.release(f); leave() }
	s, text, silence, err := e.offered(r.Context(), f, text, o)
	if err != nil {
		done()
		status := http.StatusInternalServerError
		switch {
		case errors.Is(err, rtc.ErrOffer):
			status = http.StatusBadRequest
		case errors.Is(err, errCodecs):
			status = http.StatusNotAcceptable
		case errors.Is(err, errReordered), errors.Is(err, errNoPicture):
			status = http.StatusConflict
		case errors.Is(err, context.DeadlineExceeded):
			status, err = http.StatusServiceUnavailable, errors.New("the stream's next key frame has yet to come")
		}
		e.refuse(w, status, refusedFormat, err.Error())
		return
	}
	e.mu.Lock()
	e.sessions[s.id] = s
	e.mu.Unlock()
	e.config.Metrics.Viewers.Inc()
	go e.keep(ctx, s, done)
	h := w.Header()
	h.Set("Content-Type", rtc.TypeSDP)
	h.Set("Location", "/whep/"+name+"/"+s.id)
	h.Set("ETag", s.negotiation.ETag())
	for _, server := range e.links {
		h.Add("Link", server)
	}
	h.Set("Accept-Patch", rtc.TypeFragment)
	h.Set("Cache-Control", "no-store")
	if silence != nil {
		h.Set(SilenceHeader, silence.Error())
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, text)
}

// offered makes a session of an offer, if the stream suits it.
func (e *Endpoint) offered(ctx context.Context, f *feed, text string, o offer) (*session, string, error, error) {
	known, cancel := context.WithTimeout(ctx, knownWithin)
	defer cancel()
	track, silence, err := f.playable(known)
	if err != nil {
		return nil, "", nil, err
	}
	video, err := o.choose(track)
	if err != nil {
		return nil, "", nil, err
	}
	if _, ok := o.opus(); o.hasAudio && !ok {
		silence = errNoOpus
	}
	s, answer, err := answer(ctx, e.config.Port, rtc.Aside{Log: e.config.Log}, rand.Text(), text, o, f, video, silence == nil && o.hasAudio)
	if !o.hasAudio {
		silence = nil
	}
	return s, answer, silence, err
}

// keep runs a session until it ends.
func (e *Endpoint) keep(ctx context.Context, s *session, done func()) {
	defer done()
	defer close(s.closed)
	err := s.run(ctx)
	e.mu.Lock()
	delete(e.sessions, s.id)
	e.mu.Unlock()
	e.config.Metrics.Viewers.Dec()
	e.config.Metrics.Bytes.WithLabelValues(s.name).Add(float64(s.sent.Load()))
	e.config.Metrics.Skips.WithLabelValues(s.name).Add(float64(s.queue.skipped()))
	e.config.Log.Info("whep: session ended", "stream", s.name, "cause", err)
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
		e.fail(w, http.StatusNotFound, "no such session")
		return
	}
	text, status, why := rtc.Body(r, rtc.TypeFragment)
	if status != 0 {
		e.fail(w, status, why)
		return
	}
	f, err := rtc.ParseFragment(text)
	if err != nil {
		e.fail(w, http.StatusBadRequest, err.Error())
		return
	}
	answer, etag, err := s.negotiation.Patch(r.Context(), r.Header.Get("If-Match"), f)
	if err != nil {
		e.fail(w, rtc.Status(err), err.Error())
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if answer == "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.heard.Store(time.Now().UnixNano()) // it is given time to come back
	e.config.Log.Info("whep: ICE restarted", "stream", name)
	h.Set("Content-Type", rtc.TypeFragment)
	h.Set("ETag", etag)
	_, _ = io.WriteString(w, answer) // the viewer may have gone
}

func (e *Endpoint) delete(w http.ResponseWriter, r *http.Request, name, id string) {
	s := e.find(name, id)
	if s == nil {
		e.fail(w, http.StatusNotFound, "no such session")
		return
	}
	s.end(errDeleted)
	select {
	case <-s.closed: // its place is free again when the answer comes
	case <-r.Context().Done():
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}
