package viewer

import (
	"crypto/sha256"
	"fmt"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

// fetch gets pieces from the edge on a goroutine of its own, verification included.
func (s *session) fetch(a scheduler.Action) {
	c := s.store.chunks[a.Chunk]
	if c == nil || !c.within(a.First, a.Count) {
		s.owe(func(now scheduler.Time) { s.core.Fetched(now, a.Chunk, a.First, a.Count, false) })
		return
	}
	h, first, count := a.Chunk, a.First, a.Count
	f := &fetch{record: c.record, url: c.url, hashes: c.hashes, first: first, count: count, ahead: s.takeAhead(c, first, count)}
	f.hashed = func(hashes [][sha256.Size]byte) {
		s.tell(func(now scheduler.Time) { s.hashed(now, h, hashes) })
	}
	f.arrived = func(first, count int, b []byte) {
		s.tell(func(now scheduler.Time) { s.arrived(now, h, first, count, b) })
	}
	s.joined.Go(func() {
		defer f.ahead.end()
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-s.done:
			return
		}
		if f.ahead == nil {
			s.requests.Add(1)
		}
		err := f.run(s.ending, s.v.cfg.HTTP)
		if notLetIn(err) { // its token has ended: what it is to fetch for others it would not get
			s.cancel(fmt.Errorf("%w: %w", ErrToken, err))
		}
		s.tell(func(now scheduler.Time) {
			if err != nil {
				s.counts.fetchesFailed++
			}
			s.core.Fetched(now, h, first, count, err == nil)
		})
	})
}

// hashed keeps the hashes of a chunk that the edge sent.
func (s *session) hashed(now scheduler.Time, h scheduler.Chunk, hashes [][sha256.Size]byte) {
	if c := s.store.chunks[h]; c != nil && c.hashes == nil {
		c.hashes = hashes
		s.core.HashesTaken(now, 0, h, true)
		s.replayParked()
	}
}

// arrived keeps pieces of a chunk that the edge sent.
func (s *session) arrived(now scheduler.Time, h scheduler.Chunk, first, count int, b []byte) {
	s.counts.fromEdge += uint64(len(b))
	if c := s.store.chunks[h]; c != nil {
		c.keep(first, count, b)
		s.core.Arrived(now, h, first, count)
	}
}

func (s *session) takeHashes(a scheduler.Action) {
	ok := false
	if c := s.store.chunks[a.Chunk]; c != nil {
		ok = c.takeHashes(payload(s.frame.bytes))
	}
	peer, h := s.frame.peer, a.Chunk
	s.owe(func(now scheduler.Time) {
		s.core.HashesTaken(now, peer, h, ok)
		s.replayParked()
	})
}

func (s *session) takePieces(a scheduler.Action) {
	ok := false
	b := payload(s.frame.bytes)
	if c := s.store.chunks[a.Chunk]; c != nil {
		ok = c.takePieces(a.First, a.Count, b)
	}
	if !ok {
		s.counts.badTaken += uint64(len(b))
	}
	peer, h, first, count := s.frame.peer, a.Chunk, a.First, a.Count
	s.owe(func(now scheduler.Time) { s.core.PiecesTaken(now, peer, h, first, count, ok) })
}

// complete tells the playhead that a chunk is whole.
func (s *session) complete(h scheduler.Chunk) {
	c := s.store.chunks[h]
	if c == nil || !c.whole() {
		s.counts.unheld++
		return
	}
	s.owe(func(now scheduler.Time) {
		s.head.Ready(now, h)
		s.play(now)
	})
}

// show checks what is played, byte for byte, against the record, and shows it.
func (s *session) show(h scheduler.Chunk) {
	c := s.store.chunks[h]
	if c == nil || c.bytes == nil {
		s.counts.unheld++
		return
	}
	if _, err := hashAll(&c.record, c.bytes); err != nil {
		s.counts.badPlayed += uint64(len(c.bytes))
	}
	s.counts.bytesPlayed += uint64(len(c.bytes))
	if s.v.cfg.Played != nil {
		s.v.cfg.Played(c.record, c.bytes)
	}
}

// replayParked hands the parked frames in again.
func (s *session) replayParked() {
	for _, f := range s.parked.take(s.now()) {
		s.owe(func(now scheduler.Time) { s.handIn(now, f) })
	}
}

func payload(frame []byte) []byte { return frame[min(len(frame), wire.FrameHeaderSize):] }
