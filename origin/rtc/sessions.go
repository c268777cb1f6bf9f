package rtc

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Sessions are those of one endpoint, and the places that they take.
type Sessions[S interface{ session() *Session }] struct {
	// static
	most      int // at once
	perStream int // at once of one stream

	mu      sync.Mutex
	running context.Context
	entered map[string]int // of a stream's name: sessions, and offers that may become one
	byID    map[string]S
	all     sync.WaitGroup // places that are taken, and goroutines of sessions
}

// NewSessions returns room for so many, which nobody gets until Open.
func NewSessions[S interface{ session() *Session }](most, perStream int) *Sessions[S] {
	return &Sessions[S]{most: most, perStream: perStream, entered: map[string]int{}, byID: map[string]S{}}
}

// Run opens the room until ctx is done, and returns when all sessions are closed.
func (e *Sessions[S]) Run(ctx context.Context) {
	e.Open(ctx)
	<-ctx.Done()
	e.mu.Lock()
	e.running = nil
	e.mu.Unlock()
	e.all.Wait()
}

// Open has sessions run under ctx from now on. Run calls it; besides Run only a test does, which cannot tell when Run has.
func (e *Sessions[S]) Open(ctx context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running = ctx
}

// Enter takes a place, which the function it returns gives back; nil if there is none.
func (e *Sessions[S]) Enter(name string) (context.Context, func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := 0
	for _, n := range e.entered {
		all += n
	}
	if e.running == nil || all >= e.most || e.entered[name] >= e.perStream {
		return nil, nil
	}
	e.entered[name]++
	e.all.Add(1)
	return e.running, func() { e.leave(name) }
}

func (e *Sessions[S]) leave(name string) {
	e.mu.Lock()
	if e.entered[name]--; e.entered[name] == 0 {
		delete(e.entered, name)
	}
	e.mu.Unlock()
	e.all.Done()
}

// Keep gives a session its address until run, which ends it, returns; then its place back by leave.
func (e *Sessions[S]) Keep(s S, run, leave func()) {
	e.mu.Lock()
	e.byID[s.session().ID] = s
	e.mu.Unlock()
	e.all.Go(func() { // s has a place, so Run waits already
		run()
		e.mu.Lock()
		delete(e.byID, s.session().ID)
		e.mu.Unlock()
		leave()
		close(s.session().closed)
	})
}

// Find returns the session at an address, if there is one.
func (e *Sessions[S]) Find(name, id string) (s S, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok = e.byID[id]
	return s, ok && s.session().Name == name
}

// All returns the sessions of now.
func (e *Sessions[S]) All() []S {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Values(e.byID))
}

// Taken returns how many places are taken.
func (e *Sessions[S]) Taken() (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, of := range e.entered {
		n += of
	}
	return n
}
