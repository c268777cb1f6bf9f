package tracker

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

// stream is the viewers of one stream. All that a viewer is told of its cell is queued under mu, so it is told in
// the order in which it happened.
type stream struct {
	t    *Tracker   // static
	name string     // static
	from netip.Addr // static; who named it first

	// guarded by Tracker.mu
	holders int       // viewers that hold it
	left    time.Time // when the last one went

	mu      sync.Mutex // guards what follows
	swarm   *cell.Swarm
	viewers map[wire.ViewerID]*viewer
	tally   tally
}

// What a viewer is told whose stream cannot be opened.
var (
	errStreams     = errors.New("too many streams")
	errNewStreams  = errors.New("too many new streams from this address")
	errHeldStreams = errors.New("too many streams are watched that this address named first")
)

// enterStream returns the stream of a name, which is kept until leaveStream. One that is new is charged to the address
// that names it.
func (t *Tracker) enterStream(name string, from netip.Addr, now time.Time) (*stream, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.streams[name]
	if s == nil {
		if err := t.charge(from, now); err != nil {
			return nil, err
		}
		s = &stream{
			t: t, name: name, from: from,
			swarm:   cell.New(t.cells()),
			viewers: map[wire.ViewerID]*viewer{},
			tally:   newTally(now),
		}
		t.streams[name] = s
	}
	s.holders++
	return s, nil
}

// cells returns what the cells of each stream are told.
func (t *Tracker) cells() cell.Config {
	return cell.Config{
		Size: t.config.CellSize, Gap: t.config.CellGap.Milliseconds(), Roots: t.config.Roots, Patience: bridgePatience.Milliseconds(),
	}
}

// charge makes sure that there is room for one more stream, and that the address may open it.
func (t *Tracker) charge(from netip.Addr, now time.Time) error {
	if !exempt(from) {
		if t.names.Take(now, from) > 0 {
			return errNewStreams
		}
		if !t.opened.Enter(from) {
			return errHeldStreams
		}
	}
	if len(t.streams) >= t.config.MaxStreams && !t.forgetOldest() {
		if !exempt(from) {
			t.opened.Leave(from)
		}
		return errStreams
	}
	return nil
}

func (t *Tracker) forget(s *stream) {
	delete(t.streams, s.name)
	if !exempt(s.from) {
		t.opened.Leave(s.from)
	}
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
		t.forget(oldest)
	}
	return oldest != nil
}

// retire forgets the streams that have had no viewers for a while.
func (t *Tracker) retire(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.streams {
		if s.holders == 0 && now.Sub(s.left) > keepStream {
			t.forget(s)
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

// join puts a viewer into a cell. One whose ID is here already has come back sooner than its old socket was missed:
// it takes its old place, and its peers notice nothing.
func (s *stream) join(v *viewer, j wire.Join, w wire.Welcome, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Viewer = v.id
	v.push(welcome, w.Append(nil))
	m := wire.Member{ID: v.id, Flags: j.Flags, Rendition: j.Rendition, Weight: j.Weight}
	v.at.RoundTrip = j.RoundTrip
	old := s.viewers[v.id]
	s.viewers[v.id] = v
	if old != nil {
		v.reported, v.playing = old.reported, old.playing
		old.bye(websocket.ClosePolicyViolation, "joined again on another socket")
		s.swarm.Update(m, v.at)
		s.swarm.Resend(v.id)
	} else {
		v.reported, v.playing = now.Add(-creditAtJoin), true
		s.tally.play(now, false, true)
		s.swarm.Join(m, v.at)
	}
	s.tally.joins++
	s.flush(now)
}

// has tells whether a viewer is here, and not its successor on another socket.
func (s *stream) has(v *viewer) bool { return s.viewers[v.id] == v }

func (s *stream) leave(v *viewer) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.has(v) {
		delete(s.viewers, v.id)
		s.swarm.Leave(v.id)
		s.tally.play(now, v.playing, false)
		s.flush(now)
	}
}

func (s *stream) update(v *viewer, u wire.Update, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.has(v) {
		return
	}
	v.at.RoundTrip = u.RoundTrip
	if s.swarm.Update(wire.Member{ID: v.id, Flags: u.Flags, Rendition: u.Rendition, Weight: u.Weight}, v.at) {
		s.flush(now)
	}
}

// relay passes a signal on within the cell or to the other end of a bridge, stamped with its sender. The addressee has heard of the sender before.
func (s *stream) relay(v *viewer, m wire.Signal, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.has(v) || !s.swarm.Together(v.id, m.Peer) {
		s.t.metrics.strangers.Inc()
		return
	}
	if s.swarm.Introduce(v.id) {
		s.flush(now)
	}
	if s.viewers[m.Peer].pass(wire.Signal{Type: wire.TypeSignalled, Peer: v.id, Payload: m.Payload}) {
		s.t.metrics.signals.Inc()
	}
}

// report counts a beacon.
func (s *stream) report(v *viewer, c wire.Beacon, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.has(v) {
		return
	}
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
	if s.has(v) {
		s.swarm.Resend(v.id)
		s.flush(now)
	}
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
		switch {
		case n.Roster != nil:
			k = roster
		case n.Bridges != nil:
			k = bridges
		}
		b := n.Append(nil)
		for _, id := range n.To {
			s.viewers[id].push(k, b)
		}
	}
}

// viewerID returns the name of the viewer that knows a secret.
func viewerID(secret [16]byte) wire.ViewerID {
	sum := sha256.Sum256(secret[:])
	return wire.ViewerID(max(1, binary.BigEndian.Uint64(sum[:])))
}
