package scheduler

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// liveAge is how much media may stand after a chunk in the playlist for it to be of the live edge, where it has an
// owner. What is older was shared before, or is of use to late joiners only.
const liveAge = 1200 * Millisecond

// giveUp is how long the cell tries to complete a chunk that its own player does not need.
const giveUp = 6 * Second

type hashState uint8

const (
	noHashes hashState = iota
	takingHashes
	holdHashes
)

// chunk is what is known of one chunk.
type chunk struct {
	// static
	handle Chunk
	record wire.Record
	pieces int
	live   bool
	learnt Time

	// what is held
	hashes    hashState
	held      bitmap
	heldCount int
	taking    []taking // pieces that are being verified
	takingMap bitmap
	complete  bool
	fromPeers int // bytes

	// what is wanted
	needed   bool
	deadline Time
	wake     Time // when to consider it again
	ranked   ranking

	// the edge
	fetching   int // Fetches under way
	fetchBegan Time
	duty       bool // the fetch is for the cell: push when it is there
	failures   int
	retry      Time

	// peers
	claimed     Time   // when somebody else last said to fetch it
	claimers    uint64 // who said so, by link slot
	began       Time   // when the first piece or the hashes came
	progress    Time   // when the last did
	holders     uint64 // who holds it whole, by link slot
	hashesSent  uint64 // who was sent the hashes, by link slot
	want        want
	hashesAsked Time
}

// taking is a run of pieces on its way through verification.
type taking struct {
	from         Peer
	first, count int
	relay        bool
}

// want is the outstanding pull of a chunk.
type want struct {
	from  Peer
	until Time
}

// Learn tells of a record whose signature the host has verified. See the host's duties in the package comment; age is
// how much media stands after the chunk in the playlist. It returns the chunk's handle, or 0 when the record is of an
// older epoch or cut too finely. The same record again has the same handle.
func (s *Scheduler) Learn(now Time, r *wire.Record, age Time) Chunk {
	s.begin(now)
	if h, ok := s.byID[r.ID]; ok {
		return h
	}
	if r.ID.Epoch < s.epoch || r.Pieces() > maxPieces {
		return 0
	}
	s.epoch = r.ID.Epoch
	if r.ID.Kind != wire.Init && r.ID.Compare(s.newest) > 0 {
		s.newest = r.ID
	}
	if len(s.chunks) == maxChunks {
		s.dropOldest()
	}
	c := &chunk{
		handle: s.first + Chunk(len(s.chunks)),
		record: *r,
		pieces: r.Pieces(),
		live:   age < liveAge && r.ID.Kind != wire.Init,
		learnt: s.now,
	}
	s.chunks = append(s.chunks, c)
	s.byID[r.ID] = c.handle
	if c.live {
		s.activate(c)
		s.consider(c)
	}
	return c.handle
}

// Need says that the player wants the chunk, and when the playhead gets to it. Complete follows.
func (s *Scheduler) Need(now Time, h Chunk, deadline Time) {
	s.begin(now)
	c := s.chunk(h)
	if c == nil {
		return
	}
	if c.complete {
		s.queue.add(Action{Kind: Complete, Chunk: h})
		return
	}
	if !c.needed || deadline < c.deadline {
		c.deadline = deadline
	}
	c.needed = true
	s.activate(c)
	s.consider(c)
}

// chunk returns the chunk with handle h, or nil if it was dropped or never was.
func (s *Scheduler) chunk(h Chunk) *chunk {
	if h < s.first || int(h-s.first) >= len(s.chunks) {
		return nil
	}
	return s.chunks[h-s.first]
}

func (s *Scheduler) chunkByID(id wire.ChunkID) *chunk { return s.chunk(s.byID[id]) }

func (s *Scheduler) activate(c *chunk) {
	if !slices.Contains(s.active, c) {
		s.active = append(s.active, c)
	}
}

func (s *Scheduler) deactivate(c *chunk) {
	if i := slices.Index(s.active, c); i >= 0 {
		s.active = slices.Delete(s.active, i, i+1)
	}
}

func (s *Scheduler) expireChunks() {
	for len(s.chunks) > 0 && s.now-s.chunks[0].learnt > s.config.Keep {
		s.dropOldest()
	}
}

func (s *Scheduler) dropOldest() {
	c := s.chunks[0]
	s.queue.add(Action{Kind: Drop, Chunk: c.handle})
	s.deactivate(c)
	delete(s.byID, c.record.ID)
	s.chunks[0] = nil
	s.chunks = s.chunks[1:]
	s.first++
}

// progressed notes that something of the chunk came from a peer.
func (c *chunk) progressed(now Time) {
	if c.began == 0 {
		c.began = now
	}
	c.progress = now
}

// hold marks pieces as held and returns how many bytes of them were not held before.
func (c *chunk) hold(first, count int) (fresh int) {
	for i := first; i < first+count; i++ {
		if !c.held.has(i) {
			c.held.set(i)
			c.heldCount++
			from, to := c.record.PieceBounds(i, 1)
			fresh += to - from
		}
	}
	return fresh
}

// completed is called when the last piece is held.
func (s *Scheduler) completed(c *chunk) {
	c.complete = true
	s.deactivate(c)
	if c.fromPeers*2 > int(c.record.Size) {
		s.stats.ChunksFromPeers++
	} else {
		s.stats.ChunksFromEdge++
	}
	s.queue.add(Action{Kind: Complete, Chunk: c.handle})
}
