package stream

import "errors"

// ErrRevoked says that the publish key of a session was removed while it broadcast.
var ErrRevoked = errors.New("stream: the publish key of this broadcast was removed")

// OpenedBy notes the key that a session was admitted with, so that it can end with it. It is called once, directly after Publish.
func (s *Session) OpenedBy(key string) {
	s.key.Store(&key)
}

// Evict ends, as Replaced tells, every session whose key does not hold any more. Its stream has ended at once, and not merely been
// interrupted. It returns the names of the streams.
func (s *Streams) Evict(holds func(key string) bool) (names []string) {
	for _, st := range s.All() {
		if st.evict(holds) {
			names = append(names, st.Name)
		}
	}
	return names
}

func (s *Stream) evict(holds func(key string) bool) bool {
	session := s.Session()
	if session == nil || session.key.Load() == nil || holds(*session.key.Load()) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != session {
		return false
	}
	s.log.Info("revoked: the broadcast ends, as its publish key was removed", "protocol", session.protocol)
	session.leave(0, ErrRevoked)
	session.lose(ErrRevoked)
	return true
}
