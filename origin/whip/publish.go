package whip

import (
	"errors"
	"net/http"

	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/stream"
)

// post makes a session of an offer, or answers why not; then nothing of it is left.
func (e *Endpoint) post(w http.ResponseWriter, r *http.Request, name string) {
	text, status, why := rtc.Body(r, rtc.TypeSDP)
	if status != 0 {
		e.refuse(w, name, status, "whip: "+why)
		return
	}
	o, err := parseOffer(text)
	if err != nil {
		e.config.Metrics.Refusals.WithLabelValues(stream.RefusedFormat).Inc()
		status := http.StatusUnprocessableEntity
		if errors.Is(err, rtc.ErrOffer) {
			status = http.StatusBadRequest
		}
		e.refuse(w, name, status, err.Error())
		return
	}
	ctx, done := e.sessions.Enter(name)
	if ctx == nil {
		w.Header().Set("Retry-After", "2")
		e.config.Metrics.Refusals.WithLabelValues(stream.RefusedLimit).Inc()
		e.refuse(w, name, http.StatusServiceUnavailable, "whip: no more broadcasts are taken now")
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
		e.refuse(w, name, status, err.Error())
		return
	}
	publish.OpenedBy(rtc.Bearer(r))
	s, answer, err := e.answer(r.Context(), name, text, o, publish)
	if err != nil {
		publish.Close()
		done()
		status := http.StatusInternalServerError
		if errors.Is(err, rtc.ErrOffer) {
			status = http.StatusBadRequest
		}
		e.refuse(w, name, status, err.Error())
		return
	}
	e.sessions.Keep(s, func() {
		err := s.run(ctx, e.config.Keyframes)
		e.config.Log.Info("whip: session ended", "stream", name, "cause", err)
	}, done)
	s.ServeAnswer(w, "/whip", e.links, answer)
}
