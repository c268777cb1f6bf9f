package tracker

import (
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Bounds of what a viewer may say it did in one second, and for how many seconds one beacon may speak.
const (
	creditAtJoin = 10 * time.Second // what it got before it joined
	maxCredit    = 60 * time.Second
	maxBytesRate = 100e6 / 8
	maxCountRate = 200 // chunks, requests, bad pieces
	maxStallRate = 2
	maxLinkRate  = 20 // links that opened, failed or broke
	maxLatency   = time.Hour
	maxLinks     = 4 * wire.MaxMembers
	windowSlots  = 6
	windowSlot   = 10 * time.Second
)

// plausible bounds what a beacon says by the time it speaks for.
func plausible(c wire.Beacon, elapsed time.Duration) wire.Beacon {
	seconds := max(0, min(elapsed, maxCredit)).Seconds()
	clamp := func(most float64, fields ...*uint32) {
		for _, f := range fields {
			*f = uint32(min(float64(*f), most))
		}
	}
	clamp(seconds*maxBytesRate, &c.BytesFromPeers, &c.BytesFromEdge, &c.BytesToPeers, &c.DuplicateBytes)
	clamp(seconds*maxCountRate, &c.ChunksFromPeers, &c.ChunksFromEdge, &c.EdgeRequests, &c.BadPieces)
	clamp(seconds*maxStallRate, &c.Stalls)
	clamp(seconds*1000, &c.StalledMillis)
	clamp(float64(maxLatency/time.Millisecond), &c.LatencyMillis)
	clamp(maxLinks, &c.Links)
	clamp(seconds*maxLinkRate, &c.LinksOpened, &c.LinksNoAnswer, &c.LinksNoRoute, &c.LinksLost)
	return c
}

// sums is what viewers reported, and how long they were there.
type sums struct {
	bytesFromPeers, bytesFromEdge, bytesToPeers, duplicateBytes uint64
	chunksFromPeers, chunksFromEdge                             uint64
	badPieces, edgeRequests, stalls, stalledMillis              uint64
	latencyMillis, beacons                                      uint64
	linksOpened, linksNoAnswer, linksNoRoute, linksLost         uint64
	playingMillis                                               int64 // viewers x milliseconds
	toldMillis                                                  int64 // likewise: the time that the beacons speak for
}

func (s *sums) add(o sums) {
	s.bytesFromPeers += o.bytesFromPeers
	s.bytesFromEdge += o.bytesFromEdge
	s.bytesToPeers += o.bytesToPeers
	s.duplicateBytes += o.duplicateBytes
	s.chunksFromPeers += o.chunksFromPeers
	s.chunksFromEdge += o.chunksFromEdge
	s.badPieces += o.badPieces
	s.edgeRequests += o.edgeRequests
	s.stalls += o.stalls
	s.stalledMillis += o.stalledMillis
	s.latencyMillis += o.latencyMillis
	s.beacons += o.beacons
	s.linksOpened += o.linksOpened
	s.linksNoAnswer += o.linksNoAnswer
	s.linksNoRoute += o.linksNoRoute
	s.linksLost += o.linksLost
	s.playingMillis += o.playingMillis
	s.toldMillis += o.toldMillis
}

// offload returns the share of media bytes that came from peers; ok is false if there were none.
func (s *sums) offload() (ratio float64, ok bool) {
	all := s.bytesFromPeers + s.bytesFromEdge
	return float64(s.bytesFromPeers) / float64(max(all, 1)), all > 0
}

// copies returns how many times each chunk left the CDN, by bytes: a chunk of which a viewer got only a range from the
// edge counts for that range. A viewer that plays gets each chunk once, so of n viewers that played all the while all
// bytes, from peers and from the edge, are n times the stream's; the bytes from the edge over a viewer's worth of
// bytes are the copies. n is the mean number of viewers that play: those that have just joined, or whose last beacon
// told of chunks. Viewers that come or go within the window count for the time they were there; while there is nobody no chunk is asked
// for, so n is one at least.
func (s *sums) copies(spanMillis int64) (copies float64, ok bool) {
	all := s.bytesFromPeers + s.bytesFromEdge
	if all == 0 || spanMillis <= 0 {
		return 0, false
	}
	viewers := max(1, float64(s.playingMillis)/float64(spanMillis))
	return float64(s.bytesFromEdge) / float64(all) * viewers, true
}

// linkSuccess returns the share of the links that were tried which opened; ok is false if none was.
func (s *sums) linkSuccess() (ratio float64, ok bool) {
	all := s.linksOpened + s.linksNoAnswer + s.linksNoRoute
	return float64(s.linksOpened) / float64(max(all, 1)), all > 0
}

// stallRatio returns the share of their time for which viewers stood still; ok is false if none told.
func (s *sums) stallRatio() (ratio float64, ok bool) {
	return float64(s.stalledMillis) / float64(max(s.toldMillis, 1)), s.toldMillis > 0
}

// upload returns how many bytes a second a viewer sends to peers, in the mean; ok is false if none told.
func (s *sums) upload() (rate float64, ok bool) {
	return float64(s.bytesToPeers) * 1000 / float64(max(s.toldMillis, 1)), s.toldMillis > 0
}

// tally sums up one stream: since it came, and over a window of the last minute that slides in steps of 10 s.
type tally struct {
	since    time.Time
	total    sums
	joins    uint64
	offers   uint64        // that were passed on
	playing  int           // viewers that play
	settled  time.Duration // up to where, after since, their time is counted
	slots    [windowSlots + 1]sums
	slotFrom int64 // number of the newest slot
}

func newTally(now time.Time) tally { return tally{since: now} }

// play counts a viewer's change from playing or not to playing or not.
func (t *tally) play(now time.Time, before, after bool) {
	t.settle(now)
	if before {
		t.playing--
	}
	if after {
		t.playing++
	}
}

// report counts a beacon that speaks for a time.
func (t *tally) report(now time.Time, c wire.Beacon, elapsed time.Duration) {
	t.settle(now)
	s := sums{
		bytesFromPeers: uint64(c.BytesFromPeers), bytesFromEdge: uint64(c.BytesFromEdge),
		bytesToPeers: uint64(c.BytesToPeers), duplicateBytes: uint64(c.DuplicateBytes),
		chunksFromPeers: uint64(c.ChunksFromPeers), chunksFromEdge: uint64(c.ChunksFromEdge),
		badPieces: uint64(c.BadPieces), edgeRequests: uint64(c.EdgeRequests),
		stalls: uint64(c.Stalls), stalledMillis: uint64(c.StalledMillis),
		latencyMillis: uint64(c.LatencyMillis), beacons: 1, toldMillis: max(0, min(elapsed, maxCredit)).Milliseconds(),
		linksOpened: uint64(c.LinksOpened), linksNoAnswer: uint64(c.LinksNoAnswer),
		linksNoRoute: uint64(c.LinksNoRoute), linksLost: uint64(c.LinksLost),
	}
	t.total.add(s)
	t.newest().add(s)
}

func (t *tally) newest() *sums { return &t.slots[t.slotFrom%int64(len(t.slots))] }

// settle brings the window and the viewers' time up to now.
func (t *tally) settle(now time.Time) {
	for at := now.Sub(t.since); t.settled < at; {
		end := time.Duration(t.slotFrom+1) * windowSlot
		if at-t.settled > (windowSlots+2)*windowSlot { // long silent: nothing of the window is left
			t.slotFrom = int64(at/windowSlot) - windowSlots - 1
			t.slots = [windowSlots + 1]sums{}
			t.settled = time.Duration(t.slotFrom) * windowSlot
			continue
		}
		to := min(at, end)
		t.newest().playingMillis += int64(t.playing) * (to - t.settled).Milliseconds()
		t.settled = to
		if to == end {
			t.slotFrom++
			*t.newest() = sums{}
		}
	}
}

// window returns the sums of the last minute or so, and how long that is.
func (t *tally) window(now time.Time) (w sums, spanMillis int64) {
	t.settle(now)
	for _, s := range t.slots {
		w.add(s)
	}
	from := max(0, t.slotFrom-windowSlots)
	return w, (t.settled - time.Duration(from)*windowSlot).Milliseconds()
}
