package rtc

import (
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"
)

// Session is what a session of WHIP is as much as one of WHEP: a resource with an address and an ETag, whose peer is heard of, and which
// is told to end, by whoever is first, before it has ended.
type Session struct {
	// static
	ID, Name    string // of its address, which nobody guesses, and of its stream
	Key         string // that let its peer in; empty where none was asked for
	Negotiation *Negotiation

	heard atomic.Int64 // Unix nanoseconds of the newest word of the peer

	once   sync.Once
	cause  error         // once ended is closed
	ended  chan struct{} // it is to end
	closed chan struct{} // it has ended
}

// NewSession returns a session of a stream whose peer was heard of just now. Its Negotiation is still to come.
func NewSession(name string) *Session {
	s := &Session{ID: rand.Text(), Name: name, ended: make(chan struct{}), closed: make(chan struct{})}
	s.Hear(time.Now())
	return s
}

// End has a session end. What counts is the first that calls it.
func (s *Session) End(cause error) { s.once.Do(func() { s.cause = cause; close(s.ended) }) }

// Ended is closed once the session is to end.
func (s *Session) Ended() <-chan struct{} { return s.ended }

// Cause waits until the session is to end and tells why.
func (s *Session) Cause() error {
	<-s.ended
	return s.cause
}

// Closed is closed once nothing is left of the session.
func (s *Session) Closed() <-chan struct{} { return s.closed }

// Hear notes that there was a word of the peer.
func (s *Session) Hear(at time.Time) { s.heard.Store(at.UnixNano()) }

// Silence returns how long there was none.
func (s *Session) Silence(now time.Time) time.Duration { return now.Sub(time.Unix(0, s.heard.Load())) }

func (s *Session) session() *Session { return s }
