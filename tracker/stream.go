package tracker

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

// stream is the viewers of one stream. All that a viewer is told of its cell is queued under mu, so it is told in
// the order in which it happened.
type stream struct {
	t    *Tracker // static
	name string   // static

	// guarded by Tracker.mu
	holders int       // viewers that hold it
	left    time.Time // when the last one went

	mu      sync.Mutex // guards what follows
	swarm   *cell.Swarm
	viewers map[wire.ViewerID]*viewer
	tally   tally
}

// enterStream returns the stream of a name, which is kept until leaveStream; nil if there are too many streams.
func (t *Tracker) enterStream(name string, now time.Time) *stream {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.streams[name]
	if s == nil {
		if len(t.streams) >= t.config.MaxStreams && !t.forgetOldest() {
			return nil
		}
		s = &stream{
			t: t, name: name,
			swarm:   cell.New(t.config.CellSize, t.config.CellGap.Milliseconds()),
			viewers: map[wire.ViewerID]*viewer{},
			tally:   newTally(now),
		}
		t.streams[name] = s
	}
	s.holders++
	return s
}

func (t *Tracker) leaveStream(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.holders--
	s.left = time.Now()
}

// forgetOldest makes room for a stream: the one longest without viewers goes.
func (t *Tracker) forgetOldest() bool {
	var oldest *stream
	for _, s := range t.streams {
		if s.holders == 0 && (oldest == nil || s.left.Before(oldest.left)) {
			oldest = s
		}
	}
	if oldest != nil {
		delete(t.streams, oldest.name)
	}
	return oldest != nil
}

// retire forgets the streams that have had no viewers for a while.
func (t *Tracker) retire(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, s := range t.streams {
		if s.holders == 0 && now.Sub(s.left) > keepStream {
			delete(t.streams, name)
		}
	}
}

// all returns all streams, in no order.
func (t *Tracker) all() []*stream {
	t.mu.Lock()
	defer t.mu.Unlock()
	streams := make([]*stream, 0, len(t.streams))
	for _, s := range t.streams {
		streams = append(streams, s)
	}
	return streams
}

// join gives a viewer its ID and puts it into a cell.
func (s *stream) join(v *viewer, j wire.Join, w wire.Welcome, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.viewers[v.id] != nil || v.id == 0 {
		v.id = newViewerID()
	}
	w.Viewer = v.id
	v.push(welcome, w.Append(nil))
	s.viewers[v.id] = v
	s.swarm.Join(wire.Member{ID: v.id, Flags: j.Flags, Weight: j.Weight}) // its ID is new
	v.reported, v.playing = now.Add(-creditAtJoin), true
	s.tally.join(now)
	s.flush(now)
}

func (s *stream) leave(v *viewer) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.viewers, v.id)
	s.swarm.Leave(v.id)
	s.tally.play(now, v.playing, false)
	s.flush(now)
}

func (s *stream) update(v *viewer, u wire.Update, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.swarm.Update(v.id, u.Flags, u.Weight) {
		s.flush(now)
	}
}

// relay passes a signal on within the cell, stamped with its sender. The addressee has heard of the sender before.
func (s *stream) relay(v *viewer, m wire.Signal, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.swarm.Together(v.id, m.Peer) {
		s.t.metrics.strangers.Inc()
		return
	}
	s.swarm.Introduce(v.id)
	s.flush(now)
	if s.viewers[m.Peer].push(signal, wire.Signal{Type: wire.TypeSignalled, Peer: v.id, Payload: m.Payload}.Append(nil)) {
		s.t.metrics.signals.Inc()
	}
}

// report counts a beacon.
func (s *stream) report(v *viewer, c wire.Beacon, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c = plausible(c, now.Sub(v.reported))
	v.reported = now
	playing := c.ChunksFromPeers+c.ChunksFromEdge > 0
	s.tally.play(now, v.playing, playing)
	v.playing = playing
	s.tally.report(now, c)
}

// resend tells a viewer its whole roster.
func (s *stream) resend(v *viewer) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.swarm.Resend(v.id)
	s.flush(now)
}

// tick tells what has waited for its gap.
func (s *stream) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flush(now)
}

func (s *stream) flush(now time.Time) {
	for _, n := range s.swarm.Flush(s.t.millis(now)) {
		k := delta
		if n.Roster != nil {
			k = roster
		}
		b := n.Append(nil)
		for _, id := range n.To {
			s.viewers[id].push(k, b)
		}
	}
}

// newViewerID returns a name that nobody can guess.
func newViewerID() wire.ViewerID {
	var b [8]byte
	rand.Read(b[:])
	return wire.ViewerID(binary.BigEndian.Uint64(b[:]))
}
