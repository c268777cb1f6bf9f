package tracker

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/shoal-live/shoal/tracker/trunk"
)

// StreamStats is what anybody may know of a stream's swarm. Ratios, copies, stalls and latency are of the last minute
// and as the viewers tell them; nothing in it leads to a viewer. All of it but Swarm is of this tracker: of the viewers that are connected to
// it, and of the cells that it keeps, none if another does.
type StreamStats struct {
	Name           string  `json:"name"`
	Viewers        int     `json:"viewers"`
	Outside        int     `json:"outside"`   // of them, in no cell, because of the control
	Newcomers      int     `json:"newcomers"` // came into cells of late, and may have left again: edges may count them yet
	Cells          int     `json:"cells"`
	Roots          int     `json:"roots"`
	Offload        float64 `json:"offload"` // 0 when nothing was reported yet
	Copies         float64 `json:"copies"`  // per chunk, by bytes; 0 when nothing was reported yet
	Stalls         uint64  `json:"stalls"`
	StalledSeconds float64 `json:"stalledSeconds"`
	StallRatio     float64 `json:"stallRatio"`
	LatencySeconds float64 `json:"latencySeconds"`
	UploadKbps     float64 `json:"uploadKbps"`     // of a viewer, in the mean
	LinkSuccess    float64 `json:"linkSuccess"`    // share of the links tried that opened; 0 when none was tried
	BytesFromPeers uint64  `json:"bytesFromPeers"` // this and the following since the stream came
	BytesFromEdge  uint64  `json:"bytesFromEdge"`
	BytesToPeers   uint64  `json:"bytesToPeers"`
	BadPieces      uint64  `json:"badPieces"`
	Joins          uint64  `json:"joins"`
	Introductions  uint64  `json:"introductions"` // pairs of viewers, each time they begin to link
	LinksOpened    uint64  `json:"linksOpened"`   // this and the following as told by both ends
	LinksNoAnswer  uint64  `json:"linksNoAnswer"` // but this: the end that offered
	LinksNoRoute   uint64  `json:"linksNoRoute"`
	LinksLost      uint64  `json:"linksLost"`
	Control        Control `json:"control"`

	Swarm SwarmStats `json:"swarm"`
}

// SwarmStats is the whole swarm of a stream, as the tracker that keeps its cells told last.
type SwarmStats struct {
	Trackers int `json:"trackers"` // that have viewers in it, and the one that keeps the cells
	Viewers  int `json:"viewers"`  // in cells, at all of these
	Cells    int `json:"cells"`
	Roots    int `json:"roots"`
}

// snapshot is a stream at one moment.
type snapshot struct {
	viewers, outside, newcomers int
	cells, roots, bridges       int
	joins, offers, moves        uint64
	control                     Control
	swarm                       trunk.Summary
	total, window               sums
	spanMillis                  int64
}

func (s *stream) snapshot(now time.Time) snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := snapshot{
		viewers: len(s.viewers), outside: len(s.outside.members), newcomers: s.newcomers.of(now), control: s.control,
		joins: s.tally.joins, offers: s.tally.offers, total: s.tally.total,
	}
	if k := s.keeper; k != nil {
		snap.cells, snap.roots, snap.bridges, snap.moves = k.swarm.Cells(), k.swarm.Roots(), k.swarm.Bridges(), k.swarm.Moves()
		snap.swarm = k.summary()
	} else if s.tie != nil {
		snap.swarm = s.tie.swarm
	}
	snap.window, snap.spanMillis = s.tally.window(now)
	return snap
}

// Streams returns the statistics of all streams, by name.
func (t *Tracker) Streams() []StreamStats {
	now := time.Now()
	all := []StreamStats{}
	for _, s := range t.sorted() {
		snap := s.snapshot(now)
		stats := StreamStats{
			Name:           s.name,
			Viewers:        snap.viewers,
			Outside:        snap.outside,
			Newcomers:      snap.newcomers,
			Cells:          snap.cells,
			Roots:          snap.roots,
			Stalls:         snap.window.stalls,
			StalledSeconds: float64(snap.window.stalledMillis) / 1000,
			LatencySeconds: float64(snap.window.latencyMillis) / float64(max(snap.window.beacons, 1)) / 1000,
			BytesFromPeers: snap.total.bytesFromPeers,
			BytesFromEdge:  snap.total.bytesFromEdge,
			BytesToPeers:   snap.total.bytesToPeers,
			BadPieces:      snap.total.badPieces,
			Joins:          snap.joins,
			Introductions:  snap.offers,
			LinksOpened:    snap.total.linksOpened,
			LinksNoAnswer:  snap.total.linksNoAnswer,
			LinksNoRoute:   snap.total.linksNoRoute,
			LinksLost:      snap.total.linksLost,
			Control:        snap.control,
			Swarm: SwarmStats{
				Trackers: int(snap.swarm.Trackers), Viewers: int(snap.swarm.Viewers), Cells: int(snap.swarm.Cells), Roots: int(snap.swarm.Roots),
			},
		}
		stats.Offload, _ = snap.window.offload()
		stats.Copies, _ = snap.window.copies(snap.spanMillis)
		stats.StallRatio, _ = snap.window.stallRatio()
		stats.LinkSuccess, _ = snap.window.linkSuccess()
		upload, _ := snap.window.upload()
		stats.UploadKbps = upload * 8 / 1000
		all = append(all, stats)
	}
	return all
}

// figuresFor is how long the figures are good that anybody may ask for.
const figuresFor = time.Second

// figures are Streams as they were encoded last: to make them takes the locks of all streams, and anybody may ask, however often.
type figures struct {
	mu   sync.Mutex // guards what follows; and held while they are made, so that one is at it and the others wait
	json []byte
	made time.Time
}

// figures returns the figures as JSON, which are not to be written to, no older than figuresFor.
func (t *Tracker) figures(now time.Time) []byte {
	f := &t.shown
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.json != nil && now.Sub(f.made) < figuresFor {
		return f.json
	}
	f.json, _ = json.Marshal(struct { // numbers and names alone
		Scope   string        `json:"scope"`
		Streams []StreamStats `json:"streams"`
		Off     []string      `json:"off"`
	}{"tracker", t.Streams(), t.Off()})
	f.made = time.Now()
	return f.json
}

// Stats serves Streams as JSON, {"scope":"tracker","streams":[...],"off":[...]}, for anybody to show. The scope says whose viewers they are: this
// tracker's alone, of however many there are. Off are the names of the streams that have no swarm, by the operator's will, also of those that have
// no viewers: nobody need be asked to share there. The figures are up to a second old.
func (t *Tracker) Stats() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=1")
		w.Write(t.figures(time.Now()))
	})
}
