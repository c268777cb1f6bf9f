package viewer

import (
	"sync/atomic"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/viewer/playhead"
	"github.com/shoal-live/shoal/swarm/wire"
)

// counts are what the session counts beside the scheduler. Owned by the loop, but for the atomic one.
type counts struct {
	fromEdge      uint64
	bytesPlayed   uint64
	badPlayed     uint64 // played though not the chunk's: must stay 0
	badRelayed    uint64 // passed on though not the chunk's: must stay 0
	badTaken      uint64 // bytes of peers that did not pass verification
	unheld        uint64 // actions on what is not held: must stay 0
	sendsDropped  uint64
	fetchesFailed uint64
	tampered      uint64 // pieces changed by the fault hook
	cut           [5]uint64
	links
	signalsDropped atomic.Uint64
	linksStuck     atomic.Uint64 // connections that would not close
}

// links counts how links ended; see wire.Beacon.
type links struct {
	linksOpened, linksNoAnswer, linksNoRoute, linksLost uint64
}

// failed counts a link that did not open.
func (c *links) failed(l *link) {
	if l.answered.Load() {
		c.linksNoRoute++
	} else {
		c.linksNoAnswer++
	}
}

// Report is what one viewer got. The names are those of <shoal-player>'s stats.
type Report struct {
	Offload        float64 `json:"offload"`
	LatencySeconds float64 `json:"latencySeconds"`
	BufferSeconds  float64 `json:"bufferSeconds"`
	StartupMillis  float64 `json:"startupMillis"` // -1 while nothing has played
	Stalls         int     `json:"stalls"`
	StalledSeconds float64 `json:"stalledSeconds"`
	WatchedSeconds float64 `json:"watchedSeconds"`
	PartsPlayed    int     `json:"partsPlayed"`
	PartsSkipped   int     `json:"partsSkipped"`

	BytesFromPeers  uint64 `json:"bytesFromPeers"`
	BytesFromEdge   uint64 `json:"bytesFromEdge"`
	BytesToPeers    uint64 `json:"bytesToPeers"`
	ChunksFromPeers uint64 `json:"chunksFromPeers"`
	ChunksFromEdge  uint64 `json:"chunksFromEdge"`
	DuplicateBytes  uint64 `json:"duplicateBytes"`
	BadPieces       uint64 `json:"badPieces"` // sent to us, and not kept
	EdgeRequests    uint64 `json:"edgeRequests"`
	Peers           int    `json:"peers"`
	P2P             string `json:"p2p"`               // "off", "joining", "on", "resting" or "refused"
	Rests           int    `json:"rests"`             // how often the swarm was left because the machine was too busy
	Refusal         string `json:"refusal,omitempty"` // why it is refused
	LinksOpened     uint64 `json:"linksOpened"`
	LinksNoAnswer   uint64 `json:"linksNoAnswer"`
	LinksNoRoute    uint64 `json:"linksNoRoute"`
	LinksLost       uint64 `json:"linksLost"`

	BadBytesPlayed  uint64 `json:"badBytesPlayed"`
	BadBytesRelayed uint64 `json:"badBytesRelayed"`
	PiecesTampered  uint64 `json:"piecesTampered"` // by Config.Tamper
	LinksCut        uint64 `json:"linksCut"`       // for a bad piece or a bad frame
	SendsDropped    uint64 `json:"sendsDropped"`
	Unheld          uint64 `json:"unheld"`     // actions of the scheduler on what is not held; 0 or something is broken
	BadRecords      uint64 `json:"badRecords"` // with a bad signature, or at a place that is not theirs
	LinksStuck      uint64 `json:"linksStuck"` // connections that would not close and were left behind
}

// sample is a moment's counts, from which reports over any interval are made.
type sample struct {
	at       scheduler.Time
	core     scheduler.Stats
	play     playhead.Stats
	buffered scheduler.Time
	requests uint64
	counts   countsCopy
	records  uint64
	stuck    uint64
	p2p      string
	refusal  string // why p2p is "refused"
	rests    int
}

type countsCopy struct {
	links
	fromEdge, badPlayed, badRelayed, tampered, cut, sendsDropped, unheld uint64
}

func (s *session) sample(now scheduler.Time) sample {
	c, p2p, refusal := &s.counts, s.p2p(), ""
	if p2p == "refused" {
		refusal = s.why
	}
	return sample{
		at: now, core: s.core.Stats(), play: s.head.Stats(now), buffered: s.head.Buffered(),
		requests: s.requests.Load(), records: s.refused.Load(), stuck: c.linksStuck.Load(),
		p2p: p2p, refusal: refusal, rests: s.rest.times,
		counts: countsCopy{
			c.links, c.fromEdge, c.badPlayed, c.badRelayed, c.tampered,
			c.cut[scheduler.BadPiece] + c.cut[scheduler.BadFrame], c.sendsDropped, c.unheld,
		},
	}
}

func (p sample) report() Report {
	r := Report{
		LatencySeconds:  seconds64(p.play.Latency),
		BufferSeconds:   seconds64(p.buffered),
		StartupMillis:   -1,
		Stalls:          p.play.Stalls,
		StalledSeconds:  seconds64(p.play.Stalled),
		WatchedSeconds:  seconds64(p.play.WatchedTime),
		PartsPlayed:     p.play.Played,
		PartsSkipped:    p.play.Skipped,
		BytesFromPeers:  p.core.BytesFromPeers,
		BytesFromEdge:   p.counts.fromEdge,
		BytesToPeers:    p.core.BytesToPeers,
		ChunksFromPeers: p.core.ChunksFromPeers,
		ChunksFromEdge:  p.core.ChunksFromEdge,
		DuplicateBytes:  p.core.DuplicateBytes,
		BadPieces:       p.core.BadPieces,
		EdgeRequests:    p.requests,
		Peers:           p.core.Links,
		P2P:             p.p2p,
		Rests:           p.rests,
		Refusal:         p.refusal,
		LinksOpened:     p.counts.linksOpened,
		LinksNoAnswer:   p.counts.linksNoAnswer,
		LinksNoRoute:    p.counts.linksNoRoute,
		LinksLost:       p.counts.linksLost,
		BadBytesPlayed:  p.counts.badPlayed,
		BadBytesRelayed: p.counts.badRelayed,
		PiecesTampered:  p.counts.tampered,
		LinksCut:        p.counts.cut,
		SendsDropped:    p.counts.sendsDropped,
		Unheld:          p.counts.unheld,
		BadRecords:      p.records,
		LinksStuck:      p.stuck,
	}
	if p.play.Started {
		r.StartupMillis = float64(p.play.StartedAt) / 1e3
	}
	r.Offload = ratio(float64(r.BytesFromPeers), float64(r.BytesFromPeers+r.BytesFromEdge))
	return r
}

// p2p is how the viewer stands to the swarm, in the words of <shoal-player>.
func (s *session) p2p() string {
	stats := s.core.Stats()
	switch {
	case stats.Links > 0:
		return "on"
	case s.banished:
		return "refused"
	case s.rest.under:
		return "resting"
	case stats.RosterSize > 0:
		return "on"
	case !s.v.cfg.P2P || s.core.Off():
		return "off"
	case s.barred:
		return "refused"
	}
	return "joining"
}

func seconds64(t scheduler.Time) float64 { return float64(t) / 1e6 }

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// beacon tells the tracker what the viewer got since the last one.
type beacon struct {
	due  scheduler.Time // 0: not welcomed yet
	last sample
}

func (s *session) beacon(now scheduler.Time) {
	b := &s.beaconN
	every := scheduler.Time(s.core.BeaconSeconds()) * scheduler.Second
	if every == 0 || now < b.due {
		if every == 0 || b.due == 0 {
			b.due = now + scheduler.Second
		}
		return
	}
	b.due = now + every
	cur := s.sample(now)
	was := b.last
	b.last = cur
	s.owe(func(now scheduler.Time) {
		s.core.Beacon(now, wire.Beacon{
			BytesFromPeers:  uint32(cur.core.BytesFromPeers - was.core.BytesFromPeers),
			BytesFromEdge:   uint32(cur.counts.fromEdge - was.counts.fromEdge),
			BytesToPeers:    uint32(cur.core.BytesToPeers - was.core.BytesToPeers),
			ChunksFromPeers: uint32(cur.core.ChunksFromPeers - was.core.ChunksFromPeers),
			ChunksFromEdge:  uint32(cur.core.ChunksFromEdge - was.core.ChunksFromEdge),
			DuplicateBytes:  uint32(cur.core.DuplicateBytes - was.core.DuplicateBytes),
			BadPieces:       uint32(cur.core.BadPieces - was.core.BadPieces),
			EdgeRequests:    uint32(cur.requests - was.requests),
			Stalls:          uint32(cur.play.Stalls - was.play.Stalls),
			StalledMillis:   uint32((cur.play.Stalled - was.play.Stalled) / scheduler.Millisecond),
			LatencyMillis:   uint32(max(0, cur.play.Latency) / scheduler.Millisecond),
			Links:           uint32(cur.core.Links),
			LinksOpened:     uint32(cur.counts.linksOpened - was.counts.linksOpened),
			LinksNoAnswer:   uint32(cur.counts.linksNoAnswer - was.counts.linksNoAnswer),
			LinksNoRoute:    uint32(cur.counts.linksNoRoute - was.counts.linksNoRoute),
			LinksLost:       uint32(cur.counts.linksLost - was.counts.linksLost),
		})
	})
}
