package whep

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/shoal-live/shoal/origin/rtc"
)

const lookWithin = 300 * time.Millisecond // for what a stream consists of

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
		_, silence, err := f.playable(r.Context(), lookWithin)
		e.release(f)
		if err != nil {
			state.Why = strings.TrimPrefix(err.Error(), "whep: ")
		}
		state.Playable = err == nil
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
