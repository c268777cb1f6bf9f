package tracker

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/token"
)

// maxStanding is how many sockets of one token may be open without a Join: a viewer that comes back may do so twice
// before its first try is known to have failed.
const maxStanding = 2

const (
	answerWithin = 500 * time.Millisecond // a viewer that is there answers a ping
	yieldAfter   = 2 * time.Second        // one that has not for so long gives up its seat to who joins
	seatAgain    = 15 * time.Second       // when one may try again who found no seat, and nobody owes an answer
	mostAsked    = 8                      // more seats than that are not asked for: each socket too many would cost as many pings
)

// seats bounds how many viewers one token admits at once. A socket stands until its Join says who it is; then it sits down,
// on the seat of its viewer if that has one here: who comes back on a new socket is never kept out by its old one,
// which is perhaps dead. Tokens without a socket are forgotten, so there are no more of them than sockets.
//
// When all seats are taken, those who sit are asked for a sign of life before one more socket may stand; see taken. If one gives
// none, the Join of another viewer is refused at first, and told to come back soon: by then the sitter has answered, or has given up its
// seat, as the dead socket of a page that was loaded anew does. So whoever is there keeps its seat, and no seat has two who are.
type seats struct {
	most int // static; viewers to a token

	mu   sync.Mutex
	held map[token.ID]*bench
}

// bench is the sockets of one token.
type bench struct {
	standing int
	sitting  []sitter
}

// sitter is a viewer and its sockets, the newest last: two for the moment in which a new one takes over.
type sitter struct {
	viewer  wire.ViewerID
	stream  string
	sockets []*viewer
}

func (s *sitter) latest() *viewer { return s.sockets[len(s.sockets)-1] }

func newSeats(most int) seats { return seats{most: most, held: map[token.ID]*bench{}} }

// stand takes a socket in and tells whether there was room.
func (s *seats) stand(id token.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.held[id]
	if b == nil {
		b = &bench{}
		s.held[id] = b
	}
	if b.standing >= max(maxStanding, s.most) {
		return false
	}
	b.standing++
	return true
}

// sit gives a socket that stands its viewer's seat, a free one, or that of the viewer it returns, which has none any more. If there is
// none, the socket stands on, and may try again after a time.
func (s *seats) sit(id token.ID, viewer wire.ViewerID, stream string, socket *viewer, now time.Time) (out *sitter, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.held[id]
	i := b.find(viewer, stream)
	if i < 0 && len(b.sitting) >= s.most {
		var least int
		if least, wait = b.leastAlive(now); wait > 0 {
			return nil, wait
		}
		gone := b.sitting[least]
		out = &gone
		b.sitting = slices.Delete(b.sitting, least, least+1)
	}
	if i < 0 {
		i = len(b.sitting)
		b.sitting = append(b.sitting, sitter{viewer: viewer, stream: stream})
	}
	b.sitting[i].sockets = append(b.sitting[i].sockets, socket)
	b.standing--
	return out, 0
}

// rise takes a socket out that sat, and may have lost its seat since.
func (s *seats) rise(id token.ID, socket *viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.held[id]
	if b == nil {
		return
	}
	for i := range b.sitting {
		own := &b.sitting[i]
		if at := slices.Index(own.sockets, socket); at >= 0 {
			if own.sockets = slices.Delete(own.sockets, at, at+1); len(own.sockets) == 0 {
				b.sitting = slices.Delete(b.sitting, i, i+1)
			}
			break
		}
	}
	s.forget(id, b)
}

// walk takes a socket out that stood.
func (s *seats) walk(id token.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.held[id]
	b.standing--
	s.forget(id, b)
}

// sitters returns who sits on the seats of a token if there are few and all are taken, else nobody.
func (s *seats) sitters(id token.ID) (sitters []*viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.held[id]
	if b == nil || len(b.sitting) < s.most || s.most > mostAsked {
		return nil
	}
	for _, sitter := range b.sitting {
		sitters = append(sitters, sitter.latest())
	}
	return sitters
}

func (s *seats) forget(id token.ID, b *bench) {
	if b.standing == 0 && len(b.sitting) == 0 {
		delete(s.held, id)
	}
}

func (s *seats) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held)
}

func (b *bench) find(viewer wire.ViewerID, stream string) int {
	return slices.IndexFunc(b.sitting, func(s sitter) bool { return s.viewer == viewer && s.stream == stream })
}

// leastAlive returns who has owed an answer for longest, and how long it still has for it.
func (b *bench) leastAlive(now time.Time) (least int, wait time.Duration) {
	wait = seatAgain
	for i := range b.sitting {
		if silent, asked := b.sitting[i].latest().silent(now); asked && max(0, yieldAfter-silent) < wait {
			least, wait = i, max(0, yieldAfter-silent)
		}
	}
	return least, wait
}

// taken tells whether all seats of a token are taken by viewers who are there: then whoever comes is another viewer. If one of
// them does not answer, it may be he who comes back, and only his Join tells; see sit.
func (t *Tracker) taken(ctx context.Context, id token.ID) bool {
	sitters, now := t.seats.sitters(id), time.Now()
	answers := make([]<-chan struct{}, len(sitters))
	for i, v := range sitters {
		answers[i] = v.ask(now)
	}
	limit := time.NewTimer(answerWithin)
	defer limit.Stop()
	for _, answer := range answers {
		select {
		case <-answer:
		case <-limit.C:
			return false
		case <-ctx.Done(): // nobody waits for what is told
			return true
		}
	}
	return len(sitters) > 0
}
