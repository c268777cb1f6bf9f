package edge

import (
	"strings"
	"sync"
)

// Bounds of what is fetched ahead.
const (
	aheadMemory = 4    // hinted parts of a playlist of which one must have been asked for by a viewer
	maxAhead    = 4096 // playlists whose hints are remembered
	aheadShare  = 2    // of the flights there may be one in so many is left for parts ahead: viewers' own come first
)

// hints remembers which parts were hinted at last, by playlist.
type hints struct {
	mu    sync.Mutex
	parts map[string][]string // paths, the oldest first
}

// note adds a hinted part, and returns those before it, the oldest first.
func (h *hints) note(playlist, part string) (before []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before = h.parts[playlist]
	if len(before) > 0 && before[len(before)-1] == part {
		return nil // by another form of the same playlist
	}
	if before == nil && len(h.parts) >= maxAhead || h.parts == nil {
		h.parts = make(map[string][]string)
	}
	kept := append([]string(nil), before[max(0, len(before)-aheadMemory+1):]...)
	h.parts[playlist] = append(kept, part)
	return before
}

// ahead starts the fill of the part that a released playlist hints at, if viewers have asked for the parts before it. The
// origin holds it until it is there, so it is here as soon as the playlist that lists it. Viewers that ask for it
// join the fill: the origin sends it no second time.
func (e *Edge) ahead(o *object) {
	if o.position.hint == "" || o.position.ended {
		return
	}
	path := o.position.hint
	if !strings.HasPrefix(path, "/") {
		path = o.target.path[:strings.LastIndexByte(o.target.path, '/')+1] + path
	}
	t, err := parseLive(path)
	if err != nil || !t.part() || t.stream != o.target.stream {
		return
	}
	wanted := false
	for _, before := range e.hints.note(o.target.path, path) {
		was := e.cache.look(before)
		wanted = wanted || was != nil && was.wanted.Load()
	}
	e.mu.Lock()
	room := e.flying <= e.config.MaxFlights/aheadShare
	e.mu.Unlock()
	if !wanted || !room {
		return
	}
	if _, began := e.start(t); began {
		e.tally.ahead.WithLabelValues(e.meters.stream(t.stream).label).Inc()
	}
}
