package scheduler

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	maxChunks     = 512 // learned chunks kept at most; the oldest go first
	defaultKeep   = 30 * Second
	defaultWeight = 500
)

// Scheduler is one viewer's part in its cell. See the package comment for how to drive it.
type Scheduler struct {
	config Config
	now    Time
	stats  Stats
	queue  queue

	// The cell, kept by cell.go.
	self          wire.Member
	version       uint32
	changes       uint32 // grows whenever the roster or self changed, so that elections are held anew
	joined        bool
	roster        []member // without oneself, in order of ID
	updated       Time     // when self was last told to the tracker
	announced     wire.Update
	beaconSeconds int

	// Links, kept by link.go; in order of their handles.
	links    []*link
	lastPeer Peer
	slots    uint64 // taken slots, a bit each
	banned   []wire.ViewerID

	// Chunks, kept by chunk.go. chunks[i] has the handle first+i.
	chunks []*chunk
	first  Chunk
	byID   map[wire.ChunkID]Chunk
	active []*chunk // not whole, and wanted by the player or the cell
	epoch  uint32
	newest wire.ChunkID
	edge   edgeBelief

	uplinkFree Time // when all that was handed out will have left, if the uplink is what the weight says
}

// New returns a Scheduler that has not joined a cell: it fetches from the edge what is needed, when it is needed.
func New(c Config) *Scheduler {
	if c.Keep == 0 {
		c.Keep = defaultKeep
	}
	if c.Weight == 0 {
		c.Weight = defaultWeight
	}
	s := &Scheduler{config: c, first: 1, changes: 1, byID: make(map[wire.ChunkID]Chunk)}
	s.self = wire.Member{Flags: c.Flags &^ wire.Ready, Weight: c.Weight}
	return s
}

// Actions returns what the host has to do since it last asked. The slice is good until the next call that is not a
// getter.
func (s *Scheduler) Actions() []Action { return s.queue.drain() }

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
	next := s.now + 500*Millisecond
	for _, c := range s.active {
		next = min(next, c.wake)
	}
	return max(next, s.now+Millisecond)
}

// Tick lets time pass: turns come, transfers are late, links do not open.
func (s *Scheduler) Tick(now Time) {
	s.begin(now)
	s.tendLinks()
	s.tendReady()
	s.expireChunks()
	for _, c := range slices.Backward(s.active) { // backward: consider may take c out of the list
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
