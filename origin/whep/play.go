package whep

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/shoal-live/shoal/origin/rtc"
)

// SilenceHeader says on an answer why it has no sound.
const SilenceHeader = "Shoal-No-Sound"

// An answer must come within 8 s: so long is a stream's first key frame waited for, and so long does all of it take.
const (
	knownWithin  = 5 * time.Second
	answerWithin = 7 * time.Second
)

// post makes a session of an offer, or answers why not; then nothing of it is left.
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
	ctx, leave := e.sessions.Enter(name)
	if ctx == nil {
		e.refuse(w, http.StatusServiceUnavailable, refusedLimit, "no more viewers are taken by WHEP now; watch by HLS")
		return
	}
	f := e.hold(st)
	done := func() { e.release(f); leave() }
	s, text, silence, err := e.offered(r.Context(), f, text, o)
	if err != nil {
		done()
		e.refuse(w, statusOf(err), refusedFormat, err.Error())
		return
	}
	s.Key = rtc.Bearer(r)
	e.config.Metrics.Viewers.Inc()
	e.sessions.Keep(s, func() { e.keep(ctx, s) }, done)
	if silence != nil {
		w.Header().Set(SilenceHeader, silence.Error())
	}
	s.ServeAnswer(w, "/whep", e.links, text)
}

// statusOf is what an offer that no session was made of is answered with.
func statusOf(err error) int {
	switch {
	case errors.Is(err, rtc.ErrOffer):
		return http.StatusBadRequest
	case errors.Is(err, errCodecs):
		return http.StatusNotAcceptable
	case errors.Is(err, errReordered), errors.Is(err, errNoPicture):
		return http.StatusConflict
	case errors.Is(err, errNotYet):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// offered makes a session of an offer, if the stream suits it.
func (e *Endpoint) offered(ctx context.Context, f *feed, text string, o offer) (*session, string, error, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	track, silence, err := f.playable(ctx, knownWithin)
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
	sound := o.hasAudio && (silence == nil || errors.Is(silence, errNoEncoder)) // which is tried again for who listens
	s, answer, err := answer(ctx, e.config.Port, rtc.Aside{Log: e.config.Log}, text, o, f, video, sound)
	if !o.hasAudio {
		silence = nil
	}
	return s, answer, silence, err
}

// keep runs a session until it ends.
func (e *Endpoint) keep(ctx context.Context, s *session) {
	err := s.run(ctx)
	e.config.Metrics.Viewers.Dec()
	e.config.Metrics.Bytes.WithLabelValues(s.Name).Add(float64(s.sent.Load()))
	e.config.Metrics.Skips.WithLabelValues(s.Name).Add(float64(s.queue.skipped()))
	e.config.Log.Info("whep: session ended", "stream", s.Name, "cause", err)
}
