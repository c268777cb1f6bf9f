package viewer

import (
	"context"
	"slices"

	"github.com/pion/datachannel"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

// carryOut does what the scheduler asks for, in its order.
func (s *session) carryOut(now scheduler.Time) {
	for _, a := range s.core.Actions() {
		switch a.Kind {
		case scheduler.SendTracker:
			if s.socket != nil {
				s.socket.send(a.Bytes)
			}
		case scheduler.ICEServers:
			s.reach = reach{iceServers(string(a.Bytes)), uint8(a.Count)}
		case scheduler.Refused:
			s.refusal(a)
		case scheduler.Connect:
			s.connect(a)
		case scheduler.Signal:
			if l := s.links[a.Peer]; l != nil {
				l.hear(a.Bytes)
			}
		case scheduler.Disconnect:
			if l := s.links[a.Peer]; l != nil {
				s.counts.cut[min(int(a.Count), len(s.counts.cut)-1)]++
				if scheduler.Reason(a.Count) == scheduler.TooSlow {
					s.counts.failed(l)
				}
				l.close()
				delete(s.links, a.Peer)
			}
		case scheduler.Send:
			s.send(a.Peer, a.Bytes)
		case scheduler.SendHashes:
			s.sendHashes(a)
		case scheduler.SendPieces:
			s.sendPieces(a)
		case scheduler.Fetch:
			s.fetch(a)
		case scheduler.TakeHashes:
			s.takeHashes(a)
		case scheduler.TakePieces:
			s.takePieces(a)
		case scheduler.Reload:
			s.reload(true)
			if a.Count == 1 {
				s.askAhead()
			}
		case scheduler.TakeRecord:
			s.takeRecord(a)
		case scheduler.Park:
			s.parked.add(now, s.frame)
		case scheduler.Complete:
			s.complete(a.Chunk)
		case scheduler.Drop:
			delete(s.store.chunks, a.Chunk)
		}
	}
}

func (s *session) refusal(a scheduler.Action) {
	why := printable(string(a.Bytes))
	if uint8(a.First) != wire.RefusedMoving {
		s.v.cfg.said.warn(s.v.cfg.Log, "tracker refused the viewer", why, "why", why, "againSeconds", a.Count)
		s.barred, s.why = true, why
	}
	s.tracker.said.Store(&wire.Refused{Reason: uint8(a.First), RetryAfter: uint16(a.Count), Text: why})
}

// connect opens a peer connection on a goroutine of its own.
func (s *session) connect(a scheduler.Action) {
	ctx, cancel := context.WithCancel(context.Background())
	peer := a.Peer
	l := &link{
		peer: peer, ctx: ctx, close: cancel, opened: make(chan *datachannel.DataChannel, 1),
		signals: newLane(linkSignals), writes: newLane(linkMessages),
		dropped: &s.counts.signalsDropped, stuck: &s.counts.linksStuck,
	}
	// A link that the scheduler gave up says nothing more.
	mine := func(event func(now scheduler.Time)) {
		s.tell(func(now scheduler.Time) {
			if s.links[peer] == l {
				event(now)
			}
		})
	}
	l.signal = func(b []byte) { mine(func(now scheduler.Time) { s.core.OutSignal(now, peer, b) }) }
	l.up = func(c *datachannel.DataChannel) {
		mine(func(now scheduler.Time) { l.channel = c; s.counts.linksOpened++; s.core.LinkUp(now, peer) })
	}
	l.down = func(broke bool) {
		mine(func(now scheduler.Time) {
			switch {
			case l.channel == nil:
				s.counts.failed(l)
			case broke:
				s.counts.linksLost++
			}
			delete(s.links, peer)
			l.close()
			s.core.LinkDown(now, peer)
		})
	}
	l.message = func(b []byte) { mine(func(now scheduler.Time) { s.handIn(now, frame{peer: peer, bytes: b}) }) }
	s.links[peer] = l
	how, initiate := s.reach, a.Count == 1
	s.joined.Add(1)
	go l.run(s.ports, how, initiate, s.joined.Done)
}

// handIn hands a peer's message to the scheduler.
func (s *session) handIn(now scheduler.Time, f frame) {
	s.frame = f
	if len(f.bytes) >= wire.FrameHeaderSize && wire.FrameType(f.bytes[0]).Bulk() {
		s.core.Frame(now, f.peer, f.bytes[:wire.FrameHeaderSize], len(f.bytes)-wire.FrameHeaderSize)
	} else {
		s.core.Frame(now, f.peer, f.bytes, 0)
	}
}

func (s *session) send(p scheduler.Peer, b []byte) bool {
	l := s.links[p]
	if l == nil || !l.send(b) {
		s.counts.sendsDropped++
		return false
	}
	return true
}

func (s *session) sendHashes(a scheduler.Action) {
	c := s.store.chunks[a.Chunk]
	if c == nil || c.hashes == nil {
		s.counts.unheld++
		return
	}
	s.out = append(s.out[:0], a.Bytes...)
	for i := range c.hashes {
		s.out = append(s.out, c.hashes[i][:]...)
	}
	s.send(a.Peer, s.out)
}

func (s *session) sendPieces(a scheduler.Action) {
	c := s.store.chunks[a.Chunk]
	if c == nil {
		s.counts.unheld++
		return
	}
	b, ok := c.pieces(a.First, a.Count)
	if !ok {
		s.counts.unheld++
		return
	}
	s.out = append(s.out[:0], a.Bytes...)
	if s.v.cfg.Tamper != nil {
		for piece := range slices.Chunk(b, int(c.record.PieceSize)) {
			s.out = append(s.out, s.v.cfg.Tamper(slices.Clone(piece))...)
			s.counts.tampered++
		}
	} else {
		s.counts.badRelayed += c.bad(a.First, a.Count)
		s.out = append(s.out, b...)
	}
	s.send(a.Peer, s.out)
}

// backlog tells the scheduler how many bytes wait to be sent, of each link where that changed and over all.
func (s *session) backlog() {
	all := 0
	for _, l := range s.links {
		if !l.sending {
			continue
		}
		n := l.onTheWay()
		l.sending = n > 0
		all += n
		if n != l.buffered {
			l.buffered = n
			s.owe(func(now scheduler.Time) { s.core.Buffered(now, l.peer, n) })
		}
	}
	s.owe(func(now scheduler.Time) { s.core.Backlog(now, all) })
}
