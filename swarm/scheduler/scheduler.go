package scheduler

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	maxChunks     = 512 // learned chunks kept at most; the oldest go first
	defaultKeep   = 30 * Second
	defaultWeight = 500
	tendPause     = 100 * Millisecond
)

// Scheduler is one viewer's part in its cell. See the package comment for how to drive it.
type Scheduler struct {
	config Config
	now    Time
	stats  Stats
	queue  queue

	// The cell, kept by cell.go and tracker.go.
	self          wire.Member
	entry         wire.Member // oneself in the roster, as all others see it
	version       uint32
	changes       uint32 // grows whenever the roster or self changed, so that elections are held anew
	joined        bool
	roster        []member // without oneself, in order of ID
	bridges       []member // the other ends of links to other cells, in order of ID
	depth         int      // cells between this one and the edge
	fed           int      // members that have a feeder
	aheads        []ahead
	updated       Time // when self was last told to the tracker
	announced     wire.Update
	beaconSeconds int
	control       control
	rejoined      Time // when the tracker was joined with links that stood already

	// The playlist, kept by watch.go and record.go.
	watch    watch
	newest   wire.ChunkID // part of the rendition that is watched
	nextID   wire.ChunkID // of which nextRank is the outcome for the part after it
	nextRank ranking
	offers   []offer

	tended Time // when links, load and memory were last seen to

	// Links, kept by link.go; in order of their handles.
	links    []*link
	peers    []Peer          // of the links, in their order: side by side, for the sake of caches
	viewers  []wire.ViewerID // the same
	room     []link          // for more
	company  int             // peers that may bring something
	lastPeer Peer
	slots    uint64 // taken slots, a bit each
	banned   []wire.ViewerID

	// Chunks, kept by chunk.go. chunks[i] has the handle first+i.
	chunks []*chunk
	first  Chunk
	ids    []wire.ChunkID // of the chunks
	spare  []*chunk
	active []*chunk // not whole, and wanted by the player or the cell
	haves  []news   // whole, and not told to all of the cell yet
	wanted Time     // when one of the cell last pulled something, here or from us
	untold []Chunk  // scratch of tellHaves
	epoch  uint32
	edge   edgeBelief

	found   Chunk // by ID, last
	foundID wire.ChunkID

	relays []relay    // scratch of plan
	ranks  []standing // scratch of rankAll
	pulled bitmap     // scratch of serve and follow
	lately []Chunk    // scratch of listHeld
	list   []byte     // scratch of listHeld

	outbox     outbox
	arranged   Chunk // whose order the links' turns are
	errandAt   Time  // when errands were last looked for
	speed      int   // what the uplink is taken for, in units of 10 kbit/s
	forwarded  int   // bytes passed on between others since lentAt
	forwarding int   // the same in units of 10 kbit/s, smoothed
	lentAt     Time  // when forwarding was last reckoned
	lent       Time  // when the weight last changed
	busyTold   Time
	busy       bool // told last
	load       load
	reachTold  int    // links that the cell was told of
	reachAt    Time   // when
	uplink     uplink // last, as it is large
}

// New returns a Scheduler that has not joined a cell: it fetches from the edge what is needed, when it is needed.
func New(c Config) *Scheduler {
	if c.Keep == 0 {
		c.Keep = defaultKeep
	}
	if c.Weight == 0 {
		c.Weight = defaultWeight
	}
	s := &Scheduler{config: c, first: 1, changes: 1}
	s.self = wire.Member{Flags: c.Flags &^ ownFlags, Rendition: c.Rendition, Weight: c.Weight}
	s.speed = int(c.Weight)
	s.boundWeight()
	return s
}

// Actions returns what the host has to do since it last asked. The slice is good until the next call that is not a
// getter.
func (s *Scheduler) Actions() []Action {
	if s.queue.given {
		return nil
	}
	s.release()
	s.stamp()
	return s.queue.drain()
}

// Stats returns the counts so far.
func (s *Scheduler) Stats() Stats {
	st := s.stats
	for _, l := range s.links {
		if l.up {
			st.Links++
		}
	}
	if s.joined {
		st.RosterSize = len(s.roster) + 1
	}
	return st
}

// Next returns when Tick is due.
func (s *Scheduler) Next() Time {
	next := min(s.now+500*Millisecond, s.watchDue())
	if s.outbox.bytes > 0 {
		next = min(next, s.wayOut()-burst/2)
	}
	if len(s.haves) > 0 {
		next = min(next, s.havesAt())
	}
	for _, c := range s.active {
		if next = min(next, c.wake); c.waiting != 0 {
			next = min(next, c.waiting+gatherPause)
		}
	}
	return max(next, s.now+Millisecond)
}

// Tick lets time pass: turns come, transfers are late, links do not open.
func (s *Scheduler) Tick(now Time) {
	s.begin(now)
	if s.now-s.tended >= tendPause {
		s.tended = s.now
		s.tendLinks()
		s.tendReady()
		s.expireChunks()
	}
	s.tendErrands()
	s.tendWatch()
	s.tellHaves()
	s.tellBusy()
	for _, c := range slices.Backward(s.active) { // backward: consider may take c out of the list
		if c.duty && c.waiting != 0 && s.now-c.waiting >= gatherPause {
			s.pushGathered(c)
		}
		if c.wake <= now {
			s.consider(c)
		}
	}
}

// begin starts a call: time passes, and what the host was given is its own no longer.
func (s *Scheduler) begin(now Time) {
	s.now = max(s.now, now)
	s.queue.reset()
}
