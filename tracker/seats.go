package tracker

import (
	"slices"
	"sync"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/token"
)

// maxStanding is how many sockets of one token may be open without a Join: a viewer that comes back may do so twice
// before its first try is known to have failed.
const maxStanding = 2

// seats bounds how many viewers one token admits at once. A socket stands until its Join says who it is; then it sits down,
// on the seat of its viewer if that has one here: who comes back on a new socket is never kept out by its old one,
// which is perhaps dead. Tokens without a socket are forgotten, so there are no more of them than sockets.
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
func (s *seats) sit(id token.ID, viewer wire.ViewerID, stream string) bool {
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
