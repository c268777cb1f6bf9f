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

// chunk is what is known of one chunk. What is looked at for every piece comes first, for the sake of caches.
type chunk struct {
	// static
	handle Chunk
	pieces int
	live   bool

	// what is held
	hashes    hashState
	heard     bool // the hashes came from a peer: others have them too
	complete  bool
	planned   bool
	easy      bool // and there is time: pieces are gathered before they are sent
	dealt     bool // the plan is for pieces that come in any order: they take its places as they come
	spared    bool // oneself is to get it from the edge, and from no peer
	needed    bool // by the player
	duty      bool // the fetch is for the cell: push when it is there
	fetching  int  // Fetches under way
	heldCount int
	fromPeers int // bytes
	held      bitmap
	takingMap bitmap
	pushed    bitmap // pieces that were given to others as their relay, or the owner, has to
	orders    bitmap // pieces to pass on as soon as they are held, at the owner's wish

	// when what
	wake     Time // when to consider it again
	began    Time // when the first piece or the hashes came
	progress Time // when the last did
	learnt   Time
	deadline Time // when the player needs it
	claimed  Time // when somebody else last said to fetch it
	waiting  Time // since when pieces are gathered; 0: none are

	// peers, by link slot
	holders    uint64 // who holds it whole
	fetchers   uint64 // claimers whose own word it was
	givers     uint64 // who gave pieces or hashes of it
	served     uint64 // who is to get it from the edge; see load.go
	followers  uint64 // whom pieces are sent as they come
	asked      uint64 // feeders that were asked for it
	hashesSent uint64 // who was sent the hashes
	deniers    uint64 // who was asked for pieces, and said to be busy without much to send
	want       want

	taking  []taking // pieces that are being verified
	askers  []asker
	stands  []taking // runs to pass on for others once they are held
	errands []errand // runs to pass on to some once they are held
	record  wire.Record

	ranked    ranking
	failed    Time   // when one who fetched it last said that it failed
	claimers  uint64 // who said to fetch it
	promised  uint64 // who was the first of them
	told      uint64 // who knows the record
	toldHeld  uint64 // who was told that we hold it, since it is
	runners   uint64 // who was given errands of it
	feeder    Peer   // that was asked last and is waited for; 0 none
	feedUntil Time   // until when its next piece is waited for
	excess    uint16 // how many of the first in rank get it from the edge, the owner among them
	weighed   bool   // its owner has said how many

	// the edge
	fetchBegan Time
	fetchCame  int64 // bytes that had come then, by whatever way
	failures   int
	retry      Time
	arrived    bitmap // pieces of the fetches under way that are there

	hashesAsked Time
	turns       int     // entries of the plan that were taken
	plan        []uint8 // who passes on each piece; see plan
}

// taking is a run of pieces on its way through verification.
type taking struct {
	from         Peer
	first, count int
	flags        uint8 // of the frame
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
	if h := s.handleOf(r.ID); h != 0 {
		return h
	}
	if r.ID.Epoch < s.epoch || r.Pieces() > maxPieces {
		return 0
	}
	c := s.add(r, age, true)
	if c.live {
		s.activate(c)
		s.consider(c)
		if rank, _ := s.rankIn(c); rank == 0 || rank == 1 { // not everybody who heard it from a late edge
			s.tellRecord(c, false)
		}
		s.tellFollowers(c)
	}
	return c.handle
}

// add keeps a new chunk; listed: a playlist told of it.
func (s *Scheduler) add(r *wire.Record, age Time, listed bool) *chunk {
	s.epoch = r.ID.Epoch
	if r.ID.Kind != wire.Init && r.ID.Rendition == s.self.Rendition && r.ID.Compare(s.newest) > 0 {
		s.watch.saw(s.now, s.newest, r, listed)
		s.watch.part = Time(r.Duration)
		s.newest = r.ID
		s.media(r)
	}
	if len(s.chunks) == maxChunks {
		s.dropOldest()
	}
	c := s.fresh()
	c.handle = s.first + Chunk(len(s.chunks))
	c.record = *r
	c.pieces = r.Pieces()
	c.live = age < liveAge && r.ID.Kind != wire.Init
	c.learnt = s.now
	s.chunks = append(s.chunks, c)
	s.ids = append(s.ids, r.ID)
	s.followed(c)
	return c
}

// blockSize is how many chunks or links are made at a time, so that they are near each other.
const blockSize = 8

// fresh returns an empty chunk, used again where possible.
func (s *Scheduler) fresh() *chunk {
	n := len(s.spare)
	if n == 0 {
		block := make([]chunk, blockSize)
		for i := range block {
			s.spare = append(s.spare, &block[i])
		}
		n = blockSize
	}
	c := s.spare[n-1]
	s.spare = s.spare[:n-1]
	*c = chunk{plan: c.plan[:0], taking: c.taking[:0], stands: c.stands[:0], errands: c.errands[:0], askers: c.askers[:0],
		held: c.held.cleared(), takingMap: c.takingMap.cleared(), pushed: c.pushed.cleared(), orders: c.orders.cleared(), arrived: c.arrived.cleared()}
	return c
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

// Unneed says that the player wants the chunk no more.
func (s *Scheduler) Unneed(now Time, h Chunk) {
	s.begin(now)
	if c := s.chunk(h); c != nil && !c.complete {
		c.needed = false
	}
}

// chunk returns the chunk with handle h, or nil if it was dropped or never was.
func (s *Scheduler) chunk(h Chunk) *chunk {
	if h < s.first || int(h-s.first) >= len(s.chunks) {
		return nil
	}
	return s.chunks[h-s.first]
}

// handleOf returns the handle of a learned chunk, or 0. Most are asked for soon after they were learned.
func (s *Scheduler) handleOf(id wire.ChunkID) Chunk {
	for i := len(s.ids) - 1; i >= 0; i-- {
		if s.ids[i].MSN == id.MSN && s.ids[i] == id {
			return s.first + Chunk(i)
		}
	}
	return 0
}

func (s *Scheduler) chunkByID(id wire.ChunkID) *chunk {
	if c := s.chunk(s.found); c != nil && s.foundID == id { // frames of one chunk come together
		return c
	}
	s.found, s.foundID = s.handleOf(id), id
	return s.chunk(s.found)
}

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
	s.spare = append(s.spare, c)
	copy(s.chunks, s.chunks[1:])
	s.chunks = s.chunks[:len(s.chunks)-1]
	s.ids = slices.Delete(s.ids, 0, 1)
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

// lacks tells whether a piece of a run is neither held nor on its way through verification.
func (c *chunk) lacks(first, count int) bool {
	for i := first; i < first+count; i++ {
		if !c.held.has(i) && !c.takingMap.has(i) {
			return true
		}
	}
	return false
}

// completed is called when the last piece is held.
func (s *Scheduler) completed(c *chunk) {
	s.settle(c)
	s.wellFed(c)
	c.complete = true
	s.deactivate(c)
	if c.fromPeers*2 > int(c.record.Size) {
		s.stats.ChunksFromPeers++
	} else {
		s.stats.ChunksFromEdge++
	}
	s.queue.add(Action{Kind: Complete, Chunk: c.handle})
	s.holdsNow(c)
}
