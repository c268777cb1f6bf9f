package viewer

import (
	"github.com/shoal-live/shoal/swarm/scheduler"
)

// fetch gets pieces from the edge on a goroutine of its own, verification included.
func (s *session) fetch(a scheduler.Action) {
	c := s.store.chunks[a.Chunk]
	if c == nil || !c.within(a.First, a.Count) {
		s.owe(func(now scheduler.Time) { s.core.Fetched(now, a.Chunk, a.First, a.Count, false) })
		return
	}
	record, url, hashes, first, count, h := c.record, c.url, c.hashes, a.First, a.Count, a.Chunk
	s.joined.Go(func() {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-s.done:
			return
		}
		s.requests.Add(1)
		got, err := fetch(s.ending, s.v.cfg.HTTP, record, url, hashes, first, count)
		s.tell(func(now scheduler.Time) { s.fetched(now, h, first, count, got, err) })
	})
}

func (s *session) fetched(now scheduler.Time, h scheduler.Chunk, first, count int, got fetched, err error) {
	c := s.store.chunks[h]
	if err != nil {
		s.counts.fetchesFailed++
	}
	if err == nil && c != nil {
		s.counts.fromEdge += uint64(len(got.bytes))
		if got.hashes != nil && c.bytes == nil {
			c.adopt(got)
		} else {
			if c.hashes == nil {
				c.hashes = got.hashes
			}
			c.keep(first, count, got.bytes)
		}
	}
	s.core.Fetched(now, h, first, count, err == nil)
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

func payload(frame []byte) []byte { return frame[min(len(frame), 24):] }
