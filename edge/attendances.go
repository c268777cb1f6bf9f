package edge

import (
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/edge/http1"
	"github.com/shoal-live/shoal/headcount"
)

// attendances are those of all live playlists, and what edges that ask this one say of theirs.
type attendances struct {
	// static
	viewers *prometheus.GaugeVec
	meters  *meters
	self    string

	all   sync.Map // path -> *attendance
	count atomic.Int64
	told  headcount.Sum // by path

	// owned by look
	looked time.Time
	shown  map[string]float64 // by the label stream
}

// mostAttended bounds the playlists that have an attendance.
const mostAttended = 4 * maxStreams

func newAttendances(m *meters, self string, registry prometheus.Registerer) (*attendances, error) {
	s := &attendances{meters: m, self: self, shown: map[string]float64{}, viewers: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "shoal_edge_viewers",
		Help: "Viewers who get what is live from this edge, by how often they ask; not those in a swarm."}, []string{"stream"})}
	if registry != nil {
		if err := registry.Register(s.viewers); err != nil {
			return nil, fmt.Errorf("edge: metrics: %w", err)
		}
	}
	return s, nil
}

// of returns the attendance of a playlist, nil where there are too many.
func (s *attendances) of(t target) *attendance {
	if a, ok := s.all.Load(t.path); ok {
		return a.(*attendance)
	}
	if s.count.Add(1) > mostAttended {
		s.count.Add(-1)
		return nil
	}
	a, known := s.all.LoadOrStore(strings.Clone(t.path), &attendance{stream: strings.Clone(t.stream)})
	if known {
		s.count.Add(-1)
	}
	return a.(*attendance)
}

// look counts who is here. Run calls it again and again.
func (s *attendances) look(now time.Time) {
	lasted := now.Sub(s.looked)
	if lasted < lookInterval {
		return
	}
	first := s.looked.IsZero()
	if s.looked = now; first {
		return
	}
	before := s.shown
	s.shown = map[string]float64{}
	for path, a := range s.all.Range {
		a := a.(*attendance)
		if a.look(lasted); a.forgotten() {
			s.all.Delete(path)
			s.count.Add(-1)
			continue
		}
		s.shown[s.meters.stream(a.stream).label] += float64(a.here.Load())
	}
	for label, n := range s.shown {
		s.viewers.WithLabelValues(label).Set(n)
		delete(before, label)
	}
	for label := range before {
		s.viewers.DeleteLabelValues(label)
	}
}

// say adds to the head of a request for a playlist how many watch it through this edge.
func (s *attendances) say(h http.Header, t target, now time.Time) {
	if t.kind != mediaPlaylist {
		return
	}
	n := s.told.Of(t.path, now)
	if a, ok := s.all.Load(t.path); ok {
		n += int(a.(*attendance).here.Load())
	}
	h.Set(headcount.Field, headcount.Said(s.self, n))
}

// counts tells whether who is answered with o may be counted. Anybody asks for playlists that there are not: these have no attendance.
func (o *object) counts() bool {
	return o.target.kind == mediaPlaylist && (!closed(o.done) || o.position.present && !o.position.ended)
}

// watcherOf returns the watcher of a request that is answered with o, or waits for it.
func (e *Edge) watcherOf(r *http.Request, o *object) watcher {
	if !o.counts() || r.Method != http.MethodGet || r.Header.Get(loopField) != "" || headcount.IsMember([]byte(listed(r, "Accept"))) {
		return watcher{}
	}
	return watcher{e.attendances.of(o.target), strings.Contains(r.URL.RawQuery, "_HLS_part=")}
}

// watcherAhead is watcherOf for what a front was asked.
func (e *Edge) watcherAhead(h *http1.Head, o *object) watcher {
	if !o.counts() || h.Chained || headcount.IsMember(h.Accept) {
		return watcher{}
	}
	return watcher{e.attendances.of(o.target), bytes.Contains(h.Target, []byte("_HLS_part="))}
}

// heed notes what an edge says that asks for a playlist. Anybody can say that, also through a proxy, so only those count whom the operator trusts.
func (e *Edge) heed(from netip.Addr, said string, t target, now time.Time) {
	if t.kind != mediaPlaylist || !e.trusts(from) {
		return
	}
	if by, n, ok := headcount.Parse(said); ok {
		e.attendances.told.Note(t.path, by, n, now)
	}
}
