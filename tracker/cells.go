package tracker

import (
	"net/http"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

const (
	cellsPath = "/api/v1/cells"
	mostCells = 120 // that are told of one stream: more cannot be drawn
)

// StreamCells is who sits with whom in the swarm of a stream, and who feeds whom, as far as it is known here. Within a cell everybody gives
// to everybody: which piece went from whom to whom the viewers alone know. A viewer is a number, by the order in which it joined; nothing leads from there to the viewer.
type StreamCells struct {
	Name    string `json:"name"`
	Keeps   bool   `json:"keeps"`   // this tracker keeps the cells; if not, another does, or there are none
	Viewers int    `json:"viewers"` // in cells
	Outside int    `json:"outside"` // viewers of this tracker that are in no cell, because of the control
	Total   int    `json:"total"`   // cells
	Cells   []Cell `json:"cells"`   // those nearest to the edge first; 120 at most
}

// Cell is one cell. One whose parent is 0 is a root, and fetches from the edge.
type Cell struct {
	ID      uint32   `json:"id"`
	Parent  uint32   `json:"parent"`
	Depth   int      `json:"depth"`
	Members []Member `json:"members"`
	Feeds   []Feed   `json:"feeds"` // by members of the parent
}

// Member is one viewer in a cell.
type Member struct {
	Viewer     uint64 `json:"viewer"` // its number
	Rendition  int    `json:"rendition"`
	Sends      bool   `json:"sends"`      // it may upload now
	Ready      bool   `json:"ready"`      // it says that it is linked to its cell
	UplinkKbps int    `json:"uplinkKbps"` // that it says it can spare
	Told       *Told  `json:"told"`       // its last report; nil: there was none yet, or it went to another tracker
}

// Told is what a viewer reported last, as far as that can be, in the mean over the time that it reported of.
type Told struct {
	SecondsAgo     float64 `json:"secondsAgo"`
	FromPeersKbps  int     `json:"fromPeersKbps"`
	FromEdgeKbps   int     `json:"fromEdgeKbps"`
	ToPeersKbps    int     `json:"toPeersKbps"`
	Links          int     `json:"links"` // that were up
	LatencySeconds float64 `json:"latencySeconds"`
	StalledSeconds float64 `json:"stalledSeconds"`
}

// Feed is one bridge: a link over which a member of the parent, from, feeds a member of the cell, to.
type Feed struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
	Fed  bool   `json:"fed"` // the latter says so
}

// lastReport is what is kept of a beacon for one viewer.
type lastReport struct {
	fromPeers, fromEdge, toPeers uint32 // bytes
	links, latency, stalled      uint32 // the latter two in milliseconds
	over                         uint32 // milliseconds that it speaks for; 0: there was none
}

func newReport(c wire.Beacon, elapsed time.Duration) lastReport {
	return lastReport{c.BytesFromPeers, c.BytesFromEdge, c.BytesToPeers, c.Links, c.LatencyMillis, c.StalledMillis, uint32(min(elapsed, maxCredit).Milliseconds())}
}

func (v *viewer) told(now time.Time) *Told {
	r := v.report
	if r.over == 0 {
		return nil
	}
	rate := func(bytes uint32) int { return int(uint64(bytes) * 8 / uint64(r.over)) } // bits in a millisecond are kbit/s
	return &Told{
		SecondsAgo: now.Sub(v.reported).Seconds(), FromPeersKbps: rate(r.fromPeers), FromEdgeKbps: rate(r.fromEdge), ToPeersKbps: rate(r.toPeers),
		Links: int(r.links), LatencySeconds: float64(r.latency) / 1000, StalledSeconds: float64(r.stalled) / 1000,
	}
}

// Cells returns who sits with whom in the swarm of a stream.
func (t *Tracker) Cells(name string) StreamCells {
	all := StreamCells{Name: name, Cells: []Cell{}}
	s := t.streamOf(name)
	if s == nil {
		return all
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	all.Outside = len(s.outside.members)
	if s.keeper == nil {
		return all
	}
	swarm := s.keeper.swarm
	all.Keeps, all.Viewers, all.Total = true, swarm.Viewers(), swarm.Cells()
	for _, p := range swarm.Pictures(mostCells) {
		all.Cells = append(all.Cells, s.draw(p, now))
	}
	return all
}

// draw tells of a cell without what names its members.
func (s *stream) draw(p cell.Picture, now time.Time) Cell {
	c := Cell{ID: p.Cell, Parent: p.Parent, Depth: int(p.Depth), Members: make([]Member, 0, len(p.Members)), Feeds: make([]Feed, 0, len(p.Bridges))}
	for _, m := range p.Members {
		member := Member{
			Viewer: m.Number, Rendition: int(m.Rendition), UplinkKbps: int(m.Weight) * uploadUnit, Ready: m.Flags&wire.Ready != 0,
			Sends: m.Flags&(wire.MayUpload|wire.Metered|wire.Hidden) == wire.MayUpload && m.Weight > 0,
		}
		if v := s.viewers[m.ID]; v != nil {
			member.Told = v.told(now)
		}
		c.Members = append(c.Members, member)
	}
	for _, b := range p.Bridges {
		c.Feeds = append(c.Feeds, Feed(b))
	}
	return c
}

// Drawings serves Cells at /api/v1/cells/NAME, for the admin listener and nowhere else.
func (t *Tracker) Drawings() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+cellsPath+"/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		if !validName(name) {
			http.Error(w, ErrName.Error(), http.StatusBadRequest)
			return
		}
		answerJSON(w, t.Cells(name))
	})
	return mux
}
