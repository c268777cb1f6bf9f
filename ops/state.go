package ops

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// How a service is.
const (
	ready   = "ready"
	waiting = "waiting" // it answers, and is not ready
	away    = "away"    // it does not answer
)

// state is what all services told at one time, as the page is given it.
type state struct {
	At       time.Time         `json:"at"`
	Services []serviceState    `json:"services"`
	Streams  []json.RawMessage `json:"streams"`  // as origins tell them, or edges that have it from there, each once; nil: none told
	Unknown  []heard           `json:"unknown"`  // streams that nobody tells of now, as somebody did before he fell silent
	Swarms   []json.RawMessage `json:"swarms"`   // a list for each tracker that told
	Controls []json.RawMessage `json:"controls"` // what each of them has, and may warn of
	Unheard  int               `json:"unheard"`  // trackers that did not tell: a sum would be wrong
	Lately   lately            `json:"lately"`   // of all streams, from peers
	Now      *series           `json:"now"`      // the same moment as a point of the charts, of the stream that was asked for or else of all

	sent     float64 // bytes a second that edges send; -1: not known
	trackers int     // that are known of
}

type serviceState struct {
	Name    string  `json:"name"` // HOST:PORT; empty: the process of this page
	State   string  `json:"state"`
	Why     string  `json:"why"`
	Sent    float64 `json:"sent"`    // bytes a second to viewers; -1: not known
	Viewers float64 `json:"viewers"` // that a tracker counted where the swarms come from; -1: not known. Its metric is of another moment
	Self    *Self   `json:"self"`    // null: it is away
}

// stateOf makes one of what the services told, in their order, and what trackers tell anybody; b.mu is held.
func (b *Board) stateOf(told []answers, public []json.RawMessage) state {
	all := state{At: b.asked, Swarms: []json.RawMessage{}, Controls: []json.RawMessage{}, sent: -1}
	for i, a := range told {
		if own := told[0].self; i > 0 && a.self != nil && own != nil && !own.Since.IsZero() && a.self.Since.Equal(own.Since) {
			a = answers{why: "this is the process of this page, which is shown already: leave it out of -ops"}
		}
		s := b.services[i]
		shown := serviceState{Name: s.name, State: away, Why: a.why, Sent: -1, Viewers: viewersOf(a.swarms), Self: a.self}
		if a.self != nil {
			s.is = a.self.Is
			if shown.State = ready; a.self.Missing != "" {
				shown.State, shown.Why = waiting, a.self.Missing
			}
			if shown.Sent = s.rate(a.self.Figures, b.asked); shown.Sent >= 0 {
				all.sent = max(all.sent, 0) + shown.Sent
			}
		}
		all.Services = append(all.Services, shown)
		s.streams.note(a.streams, b.asked)
		if slices.Contains(s.is, "tracker") {
			all.addSwarms(a.swarms)
		}
		if a.controls != nil {
			all.Controls = append(all.Controls, a.controls)
		}
	}
	for _, swarms := range public {
		all.addSwarms(swarms)
	}
	all.Streams, all.Unknown = known(b.services, b.asked)
	return all
}

// addSwarms adds what one tracker told; nil: it did not.
func (s *state) addSwarms(swarms json.RawMessage) {
	s.trackers++
	if swarms == nil {
		s.Unheard++
		return
	}
	s.Swarms = append(s.Swarms, swarms)
}

// rate returns how many bytes a second an edge sends since it was asked last; -1 where that is not known.
func (s *service) rate(figures map[string]float64, now time.Time) float64 {
	sent, ok := figures["shoal_edge_sent_bytes_total"]
	if !ok {
		if !slices.Contains(s.is, "edge") {
			return -1
		}
		sent = 0 // nothing yet
	}
	before, at := s.sent, s.sentAt
	s.sent, s.sentAt = sent, now
	if at.IsZero() || sent < before || !now.After(at) { // it is asked for the first time, or began anew
		return -1
	}
	return (sent - before) / now.Sub(at).Seconds()
}

// current is the state, no older than fresh, with the point that the charts of a stream have of it.
func (b *Board) current(r *http.Request, stream string) state {
	b.look(r.Context())
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.state
	if point, ok := b.history.now(stream); ok {
		now.Now = &point
	}
	return now
}

func (b *Board) serveState(w http.ResponseWriter, r *http.Request) {
	answerJSON(w, b.current(r, r.URL.Query().Get("stream")))
}
