package tracker

import (
	"cmp"
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

	unreadable prometheus.Counter // address headers

	// of the exchange with other trackers
	wordsSent, wordsReceived, wordsDropped, wordsRefused, gaps, restored, storeFailures prometheus.Counter
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

		unreadable: counter("shoal_tracker_unreadable_addresses_total", "Requests whose address header held no address."),

		wordsSent:     counter("shoal_tracker_words_sent_total", "Words put on their way to other trackers."),
		wordsReceived: counter("shoal_tracker_words_received_total", "Words of other trackers taken in."),
		wordsDropped:  counter("shoal_tracker_words_dropped_total", "Words to other trackers dropped because too much waited."),
		wordsRefused:  counter("shoal_tracker_batches_refused_total", "Batches of other trackers that could not be read."),
		gaps:          counter("shoal_tracker_gaps_total", "Sessions with the keeper of a stream's cells begun anew because words were missing."),
		restored:      counter("shoal_tracker_restores_total", "Times that a stream's cells were rebuilt here from what was known of them."),
		storeFailures: counter("shoal_tracker_store_failures_total", "Exchanges with the store that failed."),
	}
	for _, name := range refusalNames {
		if name != "" {
			m.refusals.WithLabelValues(name)
		}
	}
	for _, name := range droppedNames {
		m.drops.WithLabelValues(name)
	}
	return m
}

func (m *metrics) refused(reason int) { m.refusals.WithLabelValues(refusalNames[reason]).Inc() }

// droppedNames are the kinds of messages that may be dropped.
var droppedNames = map[kind]string{delta: "delta", bridges: "bridges", signal: "signal", ping: "ping", pong: "pong"}

func (m *metrics) dropped(k kind) { m.drops.WithLabelValues(droppedNames[k]).Inc() }

var (
	viewersDesc = streamDesc("shoal_tracker_viewers", "Viewers connected.")
	outsideDesc = streamDesc("shoal_tracker_outside_viewers", "Viewers connected and in no cell, because P2P is off or they are not of the share.")
	cellsDesc   = streamDesc("shoal_tracker_cells", "Cells.")
	rootsDesc   = streamDesc("shoal_tracker_roots", "Cells that fetch from the edge; the others are fed by them.")
	bridgesDesc = streamDesc("shoal_tracker_bridges", "Links between two cells.")
	movesDesc   = streamDesc("shoal_tracker_moves_total", "Viewers put into another cell when cells were split or merged.")
	joinsDesc   = streamDesc("shoal_tracker_joins_total", "Viewers that joined.")
	offersDesc  = streamDesc("shoal_tracker_introductions_total", "Pairs of viewers introduced to each other, each time they begin to link.")
	beaconsDesc = streamDesc("shoal_tracker_beacons_total", "Reports of viewers.")
	linksDesc   = prometheus.NewDesc("shoal_tracker_links_total", "Links between viewers, as each of their ends tells.", []string{"stream", "outcome"}, nil)
	p2pDesc     = streamDesc("shoal_tracker_p2p_share", "Share of viewers that may join the swarm; 0 when P2P is off.")
	offloadDesc = streamDesc("shoal_swarm_offload_ratio", "Share of media bytes that came from peers, last minute.")
	copiesDesc  = streamDesc("shoal_swarm_copies_per_chunk", "How many times each chunk left the CDN, by bytes, last minute.")
	latencyDesc = streamDesc("shoal_swarm_latency_seconds", "Mean distance from live, last minute.")
	stallDesc   = streamDesc("shoal_swarm_stall_ratio", "Share of their time for which viewers stood still, last minute.")
	uploadDesc  = streamDesc("shoal_swarm_upload_bytes_per_second", "What a viewer sends to peers, in the mean, last minute.")
	successDesc = streamDesc("shoal_swarm_link_success_ratio", "Share of the links tried that opened, last minute.")
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

var links = []struct {
	outcome string
	of      func(*sums) uint64
}{
	{"opened", func(s *sums) uint64 { return s.linksOpened }},
	{"no_answer", func(s *sums) uint64 { return s.linksNoAnswer }},
	{"no_route", func(s *sums) uint64 { return s.linksNoRoute }},
	{"lost", func(s *sums) uint64 { return s.linksLost }},
}

func streamDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, []string{"stream"}, nil)
}

func (m *metrics) own() []prometheus.Collector {
	return []prometheus.Collector{m.refusals, m.drops, m.signals, m.strangers, m.dead, m.throttled, m.unreadable,
		m.wordsSent, m.wordsReceived, m.wordsDropped, m.wordsRefused, m.gaps, m.restored, m.storeFailures, &m.t.privacy}
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(descs chan<- *prometheus.Desc) {
	for _, c := range m.own() {
		c.Describe(descs)
	}
	for _, d := range []*prometheus.Desc{
		viewersDesc, outsideDesc, cellsDesc, rootsDesc, bridgesDesc, movesDesc, joinsDesc, offersDesc, beaconsDesc, linksDesc, p2pDesc,
		offloadDesc, copiesDesc, latencyDesc, stallDesc, uploadDesc, successDesc, stunDesc,
	} {
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
		send(outsideDesc, gauge, float64(snap.outside))
		send(p2pDesc, gauge, snap.control.share())
		send(cellsDesc, gauge, float64(snap.cells))
		send(rootsDesc, gauge, float64(snap.roots))
		send(bridgesDesc, gauge, float64(snap.bridges))
		send(movesDesc, counter, float64(snap.moves))
		send(joinsDesc, counter, float64(snap.joins))
		send(offersDesc, counter, float64(snap.offers))
		send(beaconsDesc, counter, float64(snap.total.beacons))
		for _, l := range links {
			metrics <- prometheus.MustNewConstMetric(linksDesc, counter, float64(l.of(&snap.total)), s.name, l.outcome)
		}
		if ratio, ok := snap.window.offload(); ok {
			send(offloadDesc, gauge, ratio)
		}
		if copies, ok := snap.window.copies(snap.spanMillis); ok {
			send(copiesDesc, gauge, copies)
		}
		if n := snap.window.beacons; n > 0 {
			send(latencyDesc, gauge, float64(snap.window.latencyMillis)/float64(n)/1000)
		}
		if ratio, ok := snap.window.stallRatio(); ok {
			send(stallDesc, gauge, ratio)
		}
		if rate, ok := snap.window.upload(); ok {
			send(uploadDesc, gauge, rate)
		}
		if ratio, ok := snap.window.linkSuccess(); ok {
			send(successDesc, gauge, ratio)
		}
		for _, total := range totals {
			send(total.desc, counter, total.of(&snap.total))
		}
	}
}

// sorted returns all streams by name.
func (t *Tracker) sorted() []*stream {
	streams := t.all()
	slices.SortFunc(streams, func(a, b *stream) int { return cmp.Compare(a.name, b.name) })
	return streams
}
