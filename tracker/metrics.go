package tracker

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/shoal-live/shoal/swarm/wire"
)

// Why a viewer was refused, besides the reasons of a wire.Refused, which stand before these.
const (
	refusedRate int = int(wire.RefusedMessage) + 1 + iota
	refusedHandshake
	refusedOrigin
	refusedFull
	refusedAddress
	refusedBusyToken
)

var refusalNames = [...]string{
	wire.RefusedVersion: "version",
	wire.RefusedStream:  "stream",
	wire.RefusedToken:   "token",
	wire.RefusedBusy:    "streams",
	wire.RefusedMessage: "message",
	refusedRate:         "rate",
	refusedHandshake:    "handshake",
	refusedOrigin:       "origin",
	refusedFull:         "full",
	refusedAddress:      "address",
	refusedBusyToken:    "token-busy",
}

// metrics is what the tracker shows of itself: counters of its own, and what its streams say when asked. A stream's
// series come and go with it, so strangers cannot make more of them than there may be streams.
type metrics struct {
	t         *Tracker
	refusals  *prometheus.CounterVec
	drops     *prometheus.CounterVec
	signals   prometheus.Counter
	strangers prometheus.Counter
	dead      prometheus.Counter
	throttled prometheus.Counter
}

func newMetrics(t *Tracker) metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := metrics{
		t:         t,
		refusals:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shoal_tracker_refusals_total", Help: "Viewers refused, by reason."}, []string{"reason"}),
		drops:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shoal_tracker_dropped_total", Help: "Messages to viewers dropped because their queue was full."}, []string{"message"}),
		signals:   counter("shoal_tracker_signals_total", "Offers, answers and candidates passed on."),
		strangers: counter("shoal_tracker_stranger_signals_total", "Signals dropped because sender and addressee share neither a cell nor a bridge."),
		dead:      counter("shoal_tracker_dead_viewers_total", "Sockets closed because nothing was heard of them."),
		throttled: counter("shoal_tracker_throttled_total", "Messages read late because their sender sent too many."),
	}
	for _, name := range refusalNames {
		if name != "" {
			m.refusals.WithLabelValues(name)
		}
	}
	m.drops.WithLabelValues("delta")
	m.drops.WithLabelValues("bridges")
	m.drops.WithLabelValues("signal")
	return m
}

func (m *metrics) refused(reason int) { m.refusals.WithLabelValues(refusalNames[reason]).Inc() }

func (m *metrics) dropped(k kind) {
	name := "delta"
	switch k {
	case bridges:
		name = "bridges"
	case signal:
		name = "signal"
	}
	m.drops.WithLabelValues(name).Inc()
}

var (
	viewersDesc = streamDesc("shoal_tracker_viewers", "Viewers connected.")
	cellsDesc   = streamDesc("shoal_tracker_cells", "Cells.")
	rootsDesc   = streamDesc("shoal_tracker_roots", "Cells that fetch from the edge; the others are fed by them.")
	bridgesDesc = streamDesc("shoal_tracker_bridges", "Links between two cells.")
	movesDesc   = streamDesc("shoal_tracker_moves_total", "Viewers put into another cell when cells were split or merged.")
	joinsDesc   = streamDesc("shoal_tracker_joins_total", "Viewers that joined.")
	offloadDesc = streamDesc("shoal_swarm_offload_ratio", "Share of media bytes that came from peers, last minute.")
	copiesDesc  = streamDesc("shoal_swarm_copies_per_chunk", "How many times each chunk left the CDN, by bytes, last minute.")
	latencyDesc = streamDesc("shoal_swarm_latency_seconds", "Mean distance from live, last minute.")
	stunDesc    = prometheus.NewDesc("shoal_tracker_stun_total", "Datagrams at the STUN responder.", []string{"result"}, nil)

	totals = []struct {
		desc *prometheus.Desc
		of   func(*sums) float64
	}{
		{streamDesc("shoal_swarm_bytes_from_peers_total", "Media bytes that viewers got from peers."), func(s *sums) float64 { return float64(s.bytesFromPeers) }},
		{streamDesc("shoal_swarm_bytes_from_edge_total", "Media bytes that viewers got from the edge."), func(s *sums) float64 { return float64(s.bytesFromEdge) }},
		{streamDesc("shoal_swarm_bytes_to_peers_total", "Media bytes that viewers sent to peers."), func(s *sums) float64 { return float64(s.bytesToPeers) }},
		{streamDesc("shoal_swarm_duplicate_bytes_total", "Media bytes that viewers got twice."), func(s *sums) float64 { return float64(s.duplicateBytes) }},
		{streamDesc("shoal_swarm_chunks_from_peers_total", "Chunks that viewers got from peers."), func(s *sums) float64 { return float64(s.chunksFromPeers) }},
		{streamDesc("shoal_swarm_chunks_from_edge_total", "Chunks that viewers got from the edge."), func(s *sums) float64 { return float64(s.chunksFromEdge) }},
		{streamDesc("shoal_swarm_edge_requests_total", "Requests that viewers made to the edge."), func(s *sums) float64 { return float64(s.edgeRequests) }},
		{streamDesc("shoal_swarm_bad_pieces_total", "Pieces from peers that failed verification."), func(s *sums) float64 { return float64(s.badPieces) }},
		{streamDesc("shoal_swarm_stalls_total", "Stalls of viewers."), func(s *sums) float64 { return float64(s.stalls) }},
		{streamDesc("shoal_swarm_stalled_seconds_total", "Time viewers spent stalled."), func(s *sums) float64 { return float64(s.stalledMillis) / 1000 }},
	}
)

func streamDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, []string{"stream"}, nil)
}

func (m *metrics) own() []prometheus.Collector {
	return []prometheus.Collector{m.refusals, m.drops, m.signals, m.strangers, m.dead, m.throttled}
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(descs chan<- *prometheus.Desc) {
	for _, c := range m.own() {
		c.Describe(descs)
	}
	for _, d := range []*prometheus.Desc{viewersDesc, cellsDesc, rootsDesc, bridgesDesc, movesDesc, joinsDesc, offloadDesc, copiesDesc, latencyDesc, stunDesc} {
		descs <- d
	}
	for _, total := range totals {
		descs <- total.desc
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(metrics chan<- prometheus.Metric) {
	for _, c := range m.own() {
		c.Collect(metrics)
	}
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
	if m.t.stun != nil {
		answers, dropped := m.t.stun.Counts()
		metrics <- prometheus.MustNewConstMetric(stunDesc, counter, float64(answers), "answered")
		metrics <- prometheus.MustNewConstMetric(stunDesc, counter, float64(dropped), "dropped")
	}
	now := time.Now()
	for _, s := range m.t.sorted() {
		snap := s.snapshot(now)
		send := func(d *prometheus.Desc, t prometheus.ValueType, value float64) {
			metrics <- prometheus.MustNewConstMetric(d, t, value, s.name)
		}
		send(viewersDesc, gauge, float64(snap.viewers))
		send(cellsDesc, gauge, float64(snap.cells))
		send(rootsDesc, gauge, float64(snap.roots))
		send(bridgesDesc, gauge, float64(snap.bridges))
		send(movesDesc, counter, float64(snap.moves))
		send(joinsDesc, counter, float64(snap.joins))
		if ratio, ok := snap.window.offload(); ok {
			send(offloadDesc, gauge, ratio)
		}
		if copies, ok := snap.window.copies(snap.spanMillis); ok {
			send(copiesDesc, gauge, copies)
		}
		if n := snap.window.beacons; n > 0 {
			send(latencyDesc, gauge, float64(snap.window.latencyMillis)/float64(n)/1000)
		}
		for _, total := range totals {
			send(total.desc, counter, total.of(&snap.total))
		}
	}
}

// sorted returns all streams by name.
func (t *Tracker) sorted() []*stream {
	streams := t.all()
	slices.SortFunc(streams, func(a, b *stream) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return streams
}
