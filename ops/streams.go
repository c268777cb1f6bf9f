package ops

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// hearsay is how old what an edge tells of streams may be: it has that from an origin, and may tell it for ten seconds after that fell silent, which it
// notices late.
const hearsay = 12 * time.Second

// forgotten is after how long a stream of which nobody tells is no longer listed: its origin may be gone for good. Its charts end then, too.
const forgotten = time.Hour

// word is what a service told last of its streams.
type word struct {
	list   []listed
	at     time.Time // when it did; zero: never
	silent time.Time // since when it does not; zero: it does
}

// listed is a stream that a service told of.
type listed struct {
	name, state string
	text        json.RawMessage
}

// heard is a stream of which nobody tells now.
type heard struct {
	At     time.Time       `json:"at"` // when somebody last did
	Stream json.RawMessage `json:"stream"`
}

// note takes what was told when the service was asked; nil: nothing was. What is no stream is left out.
func (w *word) note(told json.RawMessage, now time.Time) {
	if told == nil {
		if w.silent.IsZero() {
			w.silent = now
		}
		return
	}
	var texts []json.RawMessage
	if json.Unmarshal(told, &texts) != nil {
		texts = nil
	}
	*w = word{at: now}
	for _, text := range texts {
		var s struct{ Name, State string }
		if json.Unmarshal(text, &s) == nil {
			w.list = append(w.list, listed{s.Name, s.State, text})
		}
	}
}

// known returns the streams that are told of now, in the order of the services, nil if nobody tells; and of those that were told of before and are
// not now what was told last, for an hour. Of a stream that several have, the one counts where it is live. For an origin that fell silent a moment ago no edge speaks.
func known(services []*service, now time.Time) (streams []json.RawMessage, unknown []heard) {
	gone, late := map[string]heard{}, map[string]bool{}
	for _, s := range services {
		first := slices.Contains(s.is, "origin")
		w := s.streams
		if w.at.IsZero() || w.silent.IsZero() || now.Sub(w.at) > forgotten {
			continue
		}
		if !first {
			w.at = w.at.Add(-hearsay)
		}
		for _, one := range w.list {
			if gone[one.name].At.Before(w.at) {
				gone[one.name] = heard{w.at, one.text}
			}
			late[one.name] = late[one.name] || first && now.Sub(w.silent) <= hearsay
		}
	}
	at := map[string]int{} // where in streams
	for _, s := range services {
		if !s.streams.silent.IsZero() || s.streams.at.IsZero() {
			continue
		}
		if streams == nil {
			streams = []json.RawMessage{}
		}
		for _, one := range s.streams.list {
			i, there := at[one.name]
			switch {
			case late[one.name] && !slices.Contains(s.is, "origin"):
			case !there:
				at[one.name] = len(streams)
				streams = append(streams, one.text)
			case one.state == "live":
				streams[i] = one.text
			}
		}
	}
	unknown = []heard{}
	for _, name := range slices.Sorted(maps.Keys(gone)) {
		if _, there := at[name]; !there {
			unknown = append(unknown, gone[name])
		}
	}
	return streams, unknown
}
