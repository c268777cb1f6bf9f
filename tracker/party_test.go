package tracker

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/store"
)

// party is several trackers of one swarm, and viewers that note what they are told.
type party struct {
	t      *testing.T
	meet   *store.Memory
	worlds []*world
	ways   []*faulty
	guests []*follower
	drawn  int
}

func newParty(t *testing.T, trackers int, config Config) *party {
	p := &party{t: t, meet: store.NewMemory()}
	for range trackers {
		way := &faulty{Store: p.meet, dead: make(chan struct{})}
		config.Store = way
		p.ways, p.worlds = append(p.ways, way), append(p.worlds, newWorld(t, config))
	}
	return p
}

// follower is a viewer that keeps its roster as a player would.
type follower struct {
	socket *testViewer
	secret int
	id     wire.ViewerID

	mu      sync.Mutex // guards what follows
	roster  wire.Roster
	rosters int
	bridges wire.Bridges
	missed  int // deltas that did not fit
	off     bool
	offers  []wire.ViewerID
	refused wire.Refused
	closed  bool
}

// join has a viewer join at a tracker; one with a secret that was used is the same viewer.
func (p *party) join(at, secretNumber int) *follower {
	p.t.Helper()
	return p.follow(p.worlds[at].open(), secretNumber)
}

// follow has a viewer join by a socket.
func (p *party) follow(socket *testViewer, secretNumber int) *follower {
	p.t.Helper()
	f := &follower{socket: socket, secret: secretNumber}
	f.socket.send(wire.Join{Flags: wire.MayUpload, Weight: 100, Secret: secret(secretNumber), Stream: "demo"}.Append(nil))
	f.id = viewerID(secret(secretNumber))
	f.socket.reading.Go(f.follow)
	p.guests = append(p.guests, f)
	return f
}

// crowd has n new viewers join, at one tracker after the other.
func (p *party) crowd(n int) (all []*follower) {
	for i := range n {
		p.drawn++
		all = append(all, p.join(i%len(p.worlds), p.drawn))
	}
	return all
}

// gather is crowd, but the trackers know of each other before the crowd comes, so that its cells are not several trackers' at first.
func (p *party) gather(n int) []*follower {
	first := p.crowd(len(p.worlds))
	time.Sleep(2 * time.Second)
	return append(first, p.crowd(n-len(first))...)
}

func (f *follower) follow() {
	for b := range f.socket.got {
		f.mu.Lock()
		switch wire.MessageType(b[0]) {
		case wire.TypeControl:
			c, _ := wire.ParseControl(b)
			if f.off = c.Flags&wire.Off != 0; f.off {
				f.roster = wire.Roster{}
			}
		case wire.TypeRoster:
			f.roster, _ = wire.ParseRoster(b)
			f.rosters++
			f.off = false // as a player takes it
		case wire.TypeDelta:
			if d, _ := wire.ParseDelta(b); d.Version == f.roster.Version+1 {
				f.roster.Apply(d)
			} else {
				f.missed++
			}
		case wire.TypeBridges:
			f.bridges, _ = wire.ParseBridges(b)
		case wire.TypeSignalled:
			s, _ := wire.ParseSignal(b, wire.TypeSignalled)
			f.offers = append(f.offers, s.Peer)
		case wire.TypeRefused:
			f.refused, _ = wire.ParseRefused(b)
		}
		f.mu.Unlock()
	}
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
}

func (f *follower) members() (ids []wire.ViewerID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.roster.Members {
		ids = append(ids, m.ID)
	}
	slices.Sort(ids)
	return ids
}

// whole tells what is wrong with a swarm of these viewers: each must be in a cell, all members of a cell must have the
// same roster, and nobody else may be in it.
func whole(viewers []*follower) error {
	all := map[wire.ViewerID]*follower{}
	for _, f := range viewers {
		all[f.id] = f
	}
	for _, f := range viewers {
		ids := f.members()
		if !slices.Contains(ids, f.id) {
			return fmt.Errorf("viewer %x is not in its own roster %x", f.id, ids)
		}
		for _, id := range ids {
			if all[id] == nil {
				return fmt.Errorf("viewer %x has the ghost %x in its roster", f.id, id)
			}
			if other := all[id].members(); !slices.Equal(ids, other) {
				return fmt.Errorf("viewer %x was told %x, its peer %x was told %x", f.id, ids, id, other)
			}
		}
	}
	return nil
}

// await lets time pass until the swarm is whole, and returns how long that took.
func (p *party) await(within time.Duration, viewers []*follower) time.Duration {
	p.t.Helper()
	began := time.Now()
	for {
		synctest.Wait()
		err := whole(viewers)
		if err == nil {
			return time.Since(began)
		}
		if time.Since(began) > within {
			p.t.Fatalf("after %v: %v", within, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// keepers returns which trackers keep the cells.
func (p *party) keepers() (all []int) {
	for i, w := range p.worlds {
		if s := w.tracker.streamOf("demo"); s != nil {
			s.mu.Lock()
			if s.keeper != nil && len(s.viewers) > 0 {
				all = append(all, i)
			}
			s.mu.Unlock()
		}
	}
	return all
}

// ended tells whether the viewer's socket is closed, and what it was told.
func (f *follower) ended() (bool, wire.Refused) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed, f.refused
}

// kill takes a tracker from the store for good and closes its sockets, as kill -9 would.
func (p *party) kill(at int) {
	p.ways[at].away.Store(true)
	close(p.ways[at].dead)
	for _, v := range p.worlds[at].viewers {
		v.conn.NetConn().Close()
	}
}

func (p *party) at(world int) (all []*follower) {
	for _, f := range p.guests {
		if slices.Contains(p.worlds[world].viewers, f.socket) {
			all = append(all, f)
		}
	}
	return all
}

// linked returns the other ends of the viewer's bridges.
func (f *follower) linked() (ids []wire.ViewerID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.bridges.Bridges {
		ids = append(ids, b.Member.ID)
	}
	return ids
}
