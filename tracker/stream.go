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
	"github.com/shoal-live/shoal/tracker/trunk"
)

// stream is the viewers of one stream. All that a viewer is told of its cell is queued under mu, so it is told in
// the order in which it happened.
type stream struct {
	t    *Tracker   // static
	name string     // static
	from netip.Addr // static; who named it first,
	free bool       // static; and does not pay for it

	// guarded by Tracker.mu
	holders int       // viewers that hold it
	left    time.Time // when the last one went

	mu        sync.Mutex                // guards what follows
	viewers   map[wire.ViewerID]*viewer // here
	keeper    *keeper                   // nil: another tracker keeps the cells
	tie       *tie                      // to the tracker that does, or holds the lease; nil: none is known of
	mirror    *mirror                   // what is known of the cells while another keeps them
	failed    time.Time                 // when the store last did not say who holds the lease
	control   Control                   // as it was applied last
	outside   outside                   // those of the viewers here that are in no cell
	roused    []*viewer                 // who must give a sign of life, or lose their seats
	over      bool                      // the tracker stops: its viewers go to others, and must not seem to leave
	tally     tally
	newcomers newcomers // who came into the cells of late
}

// What a viewer is told whose stream cannot be opened.
var (
	errStreams     = errors.New("too many streams")
	errNewStreams  = errors.New("too many new streams from this address")
	errHeldStreams = errors.New("too many streams are watched that this address named first")
)

// enterStream returns the stream of a name, which is kept until leaveStream. One that is new is charged to the address
// that names it.
func (t *Tracker) enterStream(name string, from netip.Addr, local bool, now time.Time) (*stream, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.streams[name]
	if s == nil {
		if err := t.charge(from, local, now); err != nil {
			return nil, err
		}
		control := t.controls.of(name)
		s = &stream{
			t: t, name: name, from: from, free: local,
			control: control,
			keeper:  t.newKeeper(control, now),
			viewers: map[wire.ViewerID]*viewer{},
			tally:   newTally(now),
		}
		t.streams[name] = s
		t.exchange.hurry()
	}
	s.holders++
	return s, nil
}

// cells returns what the cells of a stream are told.
func (t *Tracker) cells(c Control) cell.Config {
	return cell.Config{
		Size: c.CellSize, Gap: t.config.CellGap.Milliseconds(), Roots: c.Roots, Patience: bridgePatience.Milliseconds(),
		PerPrefix: t.config.PerPrefix,
	}
}

// charge makes sure that there is room for one more stream, and that the address may open it.
func (t *Tracker) charge(from netip.Addr, free bool, now time.Time) error {
	if !free {
		if t.names.Take(now, from) > 0 {
			return errNewStreams
		}
		if !t.opened.Enter(from) {
			return errHeldStreams
		}
	}
	if len(t.streams) >= t.config.MaxStreams && !t.forgetOldest() {
		if !free {
			t.opened.Leave(from)
		}
		return errStreams
	}
	return nil
}

func (t *Tracker) forget(s *stream) {
	delete(t.streams, s.name)
	t.exchange.drop(s.name)
	if !s.free {
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
		if s.holders == 0 && (oldest == nil || s.left.Before(oldest.left)) && !s.hosts() {
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
		if s.holders == 0 && now.Sub(s.left) > keepStream && !s.hosts() {
			t.forget(s)
		}
	}
}

// hosts tells whether the cells of viewers elsewhere are kept here.
func (s *stream) hosts() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keeper != nil && len(s.keeper.guests) > 0
}

// streamOf returns a stream that is here, nil if there is none of the name.
func (t *Tracker) streamOf(name string) *stream {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.streams[name]
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
	v.member = wire.Member{ID: v.id, Flags: j.Flags, Rendition: j.Rendition, Weight: j.Weight}
	v.at.RoundTrip = j.RoundTrip
	v.joined = s.t.millis(now)
	old := s.viewers[v.id]
	s.viewers[v.id] = v
	if old != nil {
		v.reported, v.report, v.playing = old.reported, old.report, old.playing
		old.bye(closedTwice())
	} else {
		v.reported, v.playing = now.Add(-creditAtJoin), true
		s.tally.play(now, false, true)
	}
	s.welcome(v, now)
	s.tally.joins++
	s.flush(now)
}

// closedTwice is what a socket is closed with whose viewer is here by another.
func closedTwice() (code int, text string) {
	return websocket.ClosePolicyViolation, "joined again on another socket"
}

// has tells whether a viewer is here, and not its successor on another socket.
func (s *stream) has(v *viewer) bool { return s.viewers[v.id] == v }

func (s *stream) leave(v *viewer) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.has(v) {
		return
	}
	delete(s.viewers, v.id)
	s.tally.play(now, v.playing, false)
	if !s.over {
		s.forgo(v.id, now)
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
	v.member = wire.Member{ID: v.id, Flags: u.Flags, Rendition: u.Rendition, Weight: u.Weight}
	if s.change(v, now) {
		s.flush(now)
	}
}

// relay passes a signal on within the cell or to the other end of a bridge, stamped with its sender.
// What it holds of addresses that others are not to know is taken out.
func (s *stream) relay(v *viewer, m wire.Signal, now time.Time) {
	room := boxes.Get().(*box)
	defer boxes.Put(room)
	payload, public := s.t.privacy.leaving(v, m.Payload, room[:0])
	if payload == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.has(v):
		s.t.metrics.strangers.Inc()
		return
	case s.keeper != nil && !s.keeper.swarm.Together(v.id, m.Peer), s.keeper == nil && !s.mirror.together(v.id, m.Peer):
		s.t.metrics.strangers.Inc()
		return
	case s.keeper == nil:
		s.say(trunk.Signal, trunk.AppendSignal(nil, v.id, m.Peer, payload))
	case !s.pass(v.id, m.Peer, payload, public, now):
		return
	}
	if wire.SignalKind(m.Payload[0]) == wire.Offer {
		s.tally.offers++
	}
}

// report counts a beacon.
func (s *stream) report(v *viewer, c wire.Beacon, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.has(v) {
		return
	}
	elapsed := now.Sub(v.reported)
	c = plausible(c, elapsed)
	v.reported, v.report = now, newReport(c, elapsed)
	playing := c.ChunksFromPeers+c.ChunksFromEdge > 0
	s.tally.play(now, v.playing, playing)
	v.playing = playing
	s.tally.report(now, c, elapsed)
}

// resend tells a viewer its whole roster.
func (s *stream) resend(v *viewer) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.has(v) {
		return
	}
	if s.keeper != nil {
		s.keeper.swarm.Resend(v.id)
		s.flush(now)
	} else {
		s.say(trunk.Resend, trunk.AppendIDs(nil, v.id))
	}
}

// tick tells what has waited for its gap, lets in who has waited for its turn, and looks at who must give a sign of life.
func (s *stream) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(now)
	s.letIn(now)
	s.flush(now)
}

// kindOf tells what a message to a viewer is to its queue.
func kindOf(b []byte) kind {
	switch wire.MessageType(b[0]) {
	case wire.TypeControl:
		if b[1]&wire.Off != 0 {
			return turnedOff
		}
		return control
	case wire.TypeRoster:
		return roster
	case wire.TypeBridges:
		return bridges
	case wire.TypeSignalled:
		return signal
	}
	return delta
}

// viewerID returns the name of the viewer that knows a secret.
func viewerID(secret [16]byte) wire.ViewerID {
	sum := sha256.Sum256(secret[:])
	return wire.ViewerID(max(1, binary.BigEndian.Uint64(sum[:])))
}
