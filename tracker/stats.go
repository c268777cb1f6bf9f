package tracker

import (
	"encoding/json"
	"net/http"
	"time"
)

// StreamStats is what anybody may know of a stream's swarm. Ratios, copies, stalls and latency are of the last minute
// and as the viewers tell them; nothing in it leads to a viewer.
type StreamStats struct {
	Name           string  `json:"name"`
	Viewers        int     `json:"viewers"`
	Cells          int     `json:"cells"`
	Offload        float64 `json:"offload"` // 0 when nothing was reported yet
	Copies         float64 `json:"copies"`  // per chunk, by bytes; 0 when nothing was reported yet
	Stalls         uint64  `json:"stalls"`
	StalledSeconds float64 `json:"stalledSeconds"`
	LatencySeconds float64 `json:"latencySeconds"`
	BytesFromPeers uint64  `json:"bytesFromPeers"` // this and the following since the stream came
	BytesFromEdge  uint64  `json:"bytesFromEdge"`
	BytesToPeers   uint64  `json:"bytesToPeers"`
	BadPieces      uint64  `json:"badPieces"`
}

// snapshot is a stream at one moment.
type snapshot struct {
	viewers, cells, roots, bridges int
	joins, moves                   uint64
	total, window                  sums
	spanMillis                     int64
}

func (s *stream) snapshot(now time.Time) snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := snapshot{
		viewers: len(s.viewers), joins: s.tally.joins, total: s.tally.total,
	}
	if k := s.keeper; k != nil {
		snap.cells, snap.roots, snap.bridges, snap.moves = k.swarm.Cells(), k.swarm.Roots(), k.swarm.Bridges(), k.swarm.Moves()
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
			Cells:          snap.cells,
			Stalls:         snap.window.stalls,
			StalledSeconds: float64(snap.window.stalledMillis) / 1000,
			LatencySeconds: float64(snap.window.latencyMillis) / float64(max(snap.window.beacons, 1)) / 1000,
			BytesFromPeers: snap.total.bytesFromPeers,
			BytesFromEdge:  snap.total.bytesFromEdge,
			BytesToPeers:   snap.total.bytesToPeers,
			BadPieces:      snap.total.badPieces,
		}
		stats.Offload, _ = snap.window.offload()
		stats.Copies, _ = snap.window.copies(snap.spanMillis)
		all = append(all, stats)
	}
	return all
}

// Stats serves Streams as JSON, {"streams":[...]}, for anybody to show.
func (t *Tracker) Stats() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=1")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		json.NewEncoder(w).Encode(struct {
			Streams []StreamStats `json:"streams"`
		}{t.Streams()})
	})
}
