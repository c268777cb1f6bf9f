package viewer

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/viewer/playhead"
)

const (
	eventQueue   = 512 // events waiting for the session; when it is full, what reports waits
	fetchesMost  = 16  // fetches at once
	publishEvery = 250 * time.Millisecond
	keepChunks   = 15 * scheduler.Second // the playhead gives up what is ten seconds behind live
)

// session is a viewer at work: the loop in which everything meets. See the package comment.
type session struct {
	v *Viewer

	// static
	key     ed25519.PublicKey
	ports   *ports // nil without P2P
	begun   time.Time
	events  chan func(now scheduler.Time)
	done    chan struct{} // closed when the loop has ended
	slots   chan struct{} // one for each fetch under way
	cancel  context.CancelCauseFunc
	ending  context.Context // ends after the loop
	joined  sync.WaitGroup  // all goroutines of the session
	machine *machine

	// owned by the loop
	core     *scheduler.Scheduler
	owed     []func(now scheduler.Time) // calls to the scheduler that follow its present actions
	store    store
	links    map[scheduler.Peer]*link
	reach    reach
	socket   *socket // nil while there is none
	frame    frame   // just handed in
	parked   parked
	head     playhead.Playhead
	inits    map[string]scheduler.Chunk // by URL
	feed     feed
	pattern  pattern
	reloads  reloading
	ahead    *ahead         // for the part that comes next; nil: none
	asksAt   scheduler.Time // no request for it before that: the edge did not hold the last
	holdBack scheduler.Time // alone; the scheduler and the cushion may want more
	counts   counts
	beaconN  beacon
	rest     rest
	cushion  cushion
	part     context.CancelFunc // ends what join began
	barred   bool               // the tracker refused, for now or for good
	banished bool               // all trackers refused, for good: links carry on for a while
	why      string             // a tracker refused last
	out      []byte             // scratch for messages

	// shared with the leaves
	requests atomic.Uint64 // to the edge, playlists included
	refused  atomic.Uint64 // records with a bad signature, or at a place that is not theirs
	follower *follower
	tracker  *tracker
}

// frame is a message of a peer, on its way through the scheduler.
type frame struct {
	peer   scheduler.Peer
	bytes  []byte
	parked scheduler.Time // when it was parked first; 0: never
}

func newSession(v *Viewer, key ed25519.PublicKey) (*session, error) {
	s := &session{
		v: v, key: key, begun: time.Now(),
		events:  make(chan func(scheduler.Time), eventQueue),
		done:    make(chan struct{}),
		slots:   make(chan struct{}, fetchesMost),
		links:   make(map[scheduler.Peer]*link),
		inits:   make(map[string]scheduler.Chunk),
		machine: v.cfg.machine,
	}
	var secret [16]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return nil, fmt.Errorf("viewer: secret: %w", err)
	}
	s.core = scheduler.New(scheduler.Config{
		Stream: v.name, Secret: secret, Flags: v.cfg.Flags, Weight: v.cfg.Weight, Cap: v.cfg.Cap,
		Keep: keepChunks,
	})
	s.follower = &follower{
		http: v.cfg.HTTP, url: v.cfg.URL, requests: &s.requests,
		tell: func(u update) { s.tell(func(now scheduler.Time) { s.learn(now, u) }) },
	}
	if v.cfg.P2P {
		s.follower.asks = make(chan place, 1)
		s.reloads.under = true // it begins by itself
		var err error
		if s.ports, err = openPorts(v.cfg.Certificate); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *session) now() scheduler.Time { return scheduler.Time(time.Since(s.begun).Microseconds()) }

// tell hands an event to the loop. It waits when the loop is behind, and returns at once when the loop has ended.
func (s *session) tell(event func(now scheduler.Time)) {
	select {
	case s.events <- event:
	case <-s.done:
	}
}

// run is the session from beginning to end.
func (s *session) run(outer context.Context) error {
	ctx, cancel := context.WithCancelCause(outer)
	s.cancel = cancel
	// The leaves end after the loop, so that its last words reach the tracker.
	ending, end := context.WithCancel(context.WithoutCancel(outer))
	s.ending = ending
	s.start(ending)
	s.loop(ctx)
	close(s.done)
	end()
	for _, l := range s.links {
		l.close()
	}
	s.joined.Wait()
	if s.tracker != nil {
		s.part()
		s.machine.leave()
	}
	if n := s.counts.linksStuck.Load(); n > 0 {
		s.v.cfg.Log.Warn("connections would not close and were left behind", "count", n)
	}
	if err := context.Cause(ctx); outer.Err() == nil && !errors.Is(err, errEnded) {
		return err
	}
	return nil
}

var errEnded = errors.New("viewer: the stream has ended")

// start sets the leaves to work: the playlist at once, and the tracker beside it.
func (s *session) start(ctx context.Context) {
	s.joined.Go(func() {
		if err := s.follower.run(ctx); err != nil {
			s.cancel(err)
		}
	})
	if !s.v.cfg.P2P {
		return
	}
	s.tracker = &tracker{
		hangs: trackerHangs,
		urls:  s.v.cfg.Trackers, stream: s.v.name, token: s.v.cfg.Token,
		up: func(k *socket) {
			s.tell(func(now scheduler.Time) {
				if !s.rest.under {
					s.socket, s.barred = k, false
					s.core.TrackerUp(now)
				}
			})
		},
		down: func(k *socket) {
			told := make(chan struct{})
			s.tell(func(now scheduler.Time) {
				if s.socket == k {
					s.socket = nil
					s.core.TrackerDown(now)
				}
				close(told)
			})
			select {
			case <-told:
			case <-s.done:
			}
		},
		denied: func(at, why string) {
			s.v.cfg.said.warn(s.v.cfg.Log, "one of the trackers refuses viewers: they ask the others", at, "tracker", at, "why", why)
			s.tell(func(scheduler.Time) { s.barred, s.why = true, why })
		},
		refused: func(why string) {
			s.v.cfg.said.warn(s.v.cfg.Log, "the tracker lets no viewer in: they play from the edge", why, "why", s.v.cfg.inShort(why))
			s.tell(func(scheduler.Time) { s.banished, s.why = true, why })
		},
		away: func(at, why string) {
			s.v.cfg.said.warn(s.v.cfg.Log, "the tracker does not answer: viewers play from the edge until it does; if it is another one, name it (shoal watch -tracker URL)",
				at, "tracker", at, "error", why)
		},
		full: func(at, why string) {
			s.v.cfg.said.warn(s.v.cfg.Log, "the tracker has no room for a viewer: it plays from the edge and asks again", at, "tracker", at, "why", why)
			s.tell(func(scheduler.Time) { s.barred, s.why = true, why })
		},
		message: func(k *socket, b []byte) {
			s.tell(func(now scheduler.Time) {
				if s.socket == k {
					s.core.TrackerMessage(now, b)
				}
			})
		},
	}
	if s.machine == nil {
		s.machine = new(machine)
		s.joined.Go(func() { s.machine.run(ctx) })
	}
	s.machine.enter()
	s.join()
}

// join connects to the tracker, until the end or part.
func (s *session) join() {
	var ctx context.Context
	ctx, s.part = context.WithCancel(s.ending)
	s.joined.Go(func() {
		s.tracker.run(ctx)
		outlast(ctx, func() { s.tell(s.core.Leave) })
	})
}

// loop takes one event after the other, and keeps the scheduler's, the playhead's and the beacon's time.
func (s *session) loop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	report := time.NewTicker(publishEvery)
	defer report.Stop()
	for {
		now := s.now()
		due := min(s.core.Next(), s.head.Next(), s.beaconN.due, s.silence())
		timer.Reset(time.Duration(min(max(0, due-now), scheduler.Second)) * time.Microsecond)
		select {
		case event := <-s.events:
			s.do(event)
		case <-timer.C:
			s.do(s.tick)
		case <-report.C:
			s.do(s.tendCushion)
			s.do(s.tendRest)
			s.v.publish(s.sample(s.now()))
		case <-ctx.Done():
			s.do(s.core.Leave)
			s.v.publish(s.sample(s.now()))
			return
		}
	}
}

func (s *session) tick(now scheduler.Time) {
	s.tendReloads(now)
	if s.core.Next() <= now {
		s.backlog()
		s.owe(func(now scheduler.Time) {
			s.core.Tick(now)
			s.keepBack(now)
		})
	}
	s.head.Advance(now)
	s.play(now)
	s.beacon(now)
}

// do lets an event happen, and all that follows from it.
func (s *session) do(event func(now scheduler.Time)) {
	now := s.now()
	event(now)
	s.carryOut(now)
	for i := 0; i < len(s.owed); i++ { // it grows on the way
		next := s.owed[i]
		s.owed[i] = nil
		next(now)
		s.carryOut(now)
	}
	s.owed = s.owed[:0]
}

// owe makes a call to the scheduler follow once its present actions are carried out.
func (s *session) owe(call func(now scheduler.Time)) { s.owed = append(s.owed, call) }

// play passes the playhead's needs to the scheduler, and what is played to who wants to see it.
func (s *session) play(now scheduler.Time) {
	for _, n := range s.head.Needs() {
		s.owe(func(now scheduler.Time) { s.core.Need(now, n.Chunk, n.Deadline) })
	}
	for _, it := range s.head.Played() {
		s.show(it.Chunk)
	}
}
