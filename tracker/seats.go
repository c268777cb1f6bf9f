package tracker

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/token"
)

// maxStanding is how many sockets of one token may be open without a Join: a viewer that comes back may do so twice
// before its first try is known to have failed.
const maxStanding = 2

const (
	answerWithin = 500 * time.Millisecond // a viewer that is there answers a ping
	mostAsked    = 8                      // more seats than that are not asked for: each socket too many would cost as many pings
)

// seats bounds how many viewers one token admits at once. A socket stands until its Join says who it is; then it sits down,
// on the seat of its viewer if that has one here: who comes back on a new socket is never kept out by its old one,
// which is perhaps dead. Tokens without a socket are forgotten, so there are no more of them than sockets.
//
// When all seats are taken, those who sit are asked for a sign of life before one more socket may stand; see taken.
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

// sitter is a viewer and how many sockets it has: two for the moment in which a new one takes over.
type sitter struct {
	viewer  wire.ViewerID
	stream  string
	sockets int
	latest  *viewer // the newest of them
}

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

// sit gives a socket that stands its viewer's seat, or a free one, and tells whether there was one; if not, it stands on.
func (s *seats) sit(id token.ID, viewer wire.ViewerID, stream string, socket *viewer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.held[id]
	i := b.find(viewer, stream)
	if i < 0 {
		if len(b.sitting) >= s.most {
			return false
		}
		i = len(b.sitting)
		b.sitting = append(b.sitting, sitter{viewer: viewer, stream: stream})
	}
	b.sitting[i].sockets++
	b.sitting[i].latest = socket
	b.standing--
	return true
}

// rise takes a socket out that sat.
func (s *seats) rise(id token.ID, viewer wire.ViewerID, stream string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.held[id]
	i := b.find(viewer, stream)
	if b.sitting[i].sockets--; b.sitting[i].sockets == 0 {
		b.sitting = slices.Delete(b.sitting, i, i+1)
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
		sitters = append(sitters, sitter.latest)
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

// taken tells whether all seats of a token are taken by viewers who are there: then whoever comes is another viewer. If one of
// them does not answer, it may be he who comes back, and only his Join tells.
func (t *Tracker) taken(ctx context.Context, id token.ID) bool {
	sitters := t.seats.sitters(id)
	answers := make([]<-chan struct{}, len(sitters))
	for i, v := range sitters {
		answers[i] = v.ask()
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
