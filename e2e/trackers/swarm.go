package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	joinsPerSecond = 500
	probesPerSec   = 10
	joinWithin     = 4 * time.Second
	pairsTried     = 200
	poll           = 100 * time.Millisecond
)

// swarm is the viewers of one stream at several trackers.
type swarm struct {
	l        *life
	trackers []*tracker
	viewers  []*viewer
	running  sync.WaitGroup
	probed   []*viewer // who is there when newcomers join: these have a stream of their own, and so disturb no cells
	probes   int
}

func newSwarm(l *life, program string, redis []string, viewers int) *swarm {
	s := &swarm{l: l}
	for _, url := range redis {
		s.trackers = append(s.trackers, newTracker(l, program, url))
	}
	pace := time.NewTicker(time.Second / joinsPerSecond)
	defer pace.Stop()
	for i := range viewers {
		<-pace.C
		v := s.newViewer("demo", i)
		s.viewers = append(s.viewers, v)
		s.running.Go(func() { v.run(i % len(s.trackers)) })
	}
	for i := range 3 * len(s.trackers) {
		v := s.newViewer("probe", viewers+i)
		s.probed = append(s.probed, v)
		s.running.Go(func() { v.run(i % len(s.trackers)) })
	}
	return s
}

func (s *swarm) close() {
	for _, v := range append(s.viewers, s.probed...) {
		v.end()
	}
	for _, n := range s.trackers {
		n.kill()
	}
	s.running.Wait()
}

// wrong tells what a swarm lacks to be whole.
func (s *swarm) wrong() error {
	all := make(map[wire.ViewerID]seen, len(s.viewers))
	for _, v := range s.viewers {
		now := v.look()
		if now.tracker < 0 || now.id == 0 {
			return fmt.Errorf("viewer %d has no socket", v.number)
		}
		all[now.id] = now
	}
	for id, now := range all {
		if len(now.members) < 2 || !slices.Contains(now.members, id) {
			return fmt.Errorf("viewer %x is alone, or not in its own roster of %d", id, len(now.members))
		}
		for _, peer := range now.members {
			other, ok := all[peer]
			if !ok {
				return fmt.Errorf("viewer %x has the ghost %x in its roster", id, peer)
			}
			if !slices.Equal(now.members, other.members) {
				return fmt.Errorf("viewer %x was told of %d members, its peer %x of %d", id, len(now.members), peer, len(other.members))
			}
		}
	}
	return nil
}

// whole waits until the swarm is whole.
func (s *swarm) whole(within time.Duration) (took time.Duration, err error) {
	began := time.Now()
	for {
		if err = s.wrong(); err == nil || time.Since(began) > within {
			return time.Since(began), err
		}
		time.Sleep(poll)
	}
}

// introduced returns the share of signals between members of one cell at two trackers that arrive.
func (s *swarm) introduced() float64 {
	byID := map[wire.ViewerID]*viewer{}
	tracker := map[wire.ViewerID]int{}
	for _, v := range s.viewers {
		now := v.look()
		byID[now.id], tracker[now.id] = v, now.tracker
	}
	sent, arrived := 0, 0
	for range pairsTried {
		from := s.viewers[rand.N(len(s.viewers))]
		now := from.look()
		for _, id := range now.members {
			to := byID[id]
			if to == nil || tracker[id] == now.tracker {
				continue
			}
			text := fmt.Sprintf("offer %d", rand.Uint64())
			from.signal(id, text)
			sent++
			if to.hears(text) {
				arrived++
			}
			break
		}
	}
	return float64(arrived) / float64(max(sent, 1))
}

// keeper returns the tracker that keeps the cells of the viewers' stream, once it is one alone.
func (s *swarm) keeper() int {
	began := time.Now()
	for {
		var keepers []int
		for i, n := range s.trackers {
			if n.running != nil && n.metricOf("shoal_tracker_cells", "demo") > 0 {
				keepers = append(keepers, i)
			}
		}
		if len(keepers) == 1 {
			return keepers[0]
		}
		if time.Since(began) > 10*time.Second {
			s.l.Fatalf("trackers %v keep the cells, want one", keepers)
		}
		time.Sleep(poll)
	}
}

func (s *swarm) of(tracker int) (all []*viewer) {
	for _, v := range s.viewers {
		if v.look().tracker == tracker {
			all = append(all, v)
		}
	}
	return all
}

// but returns those who are at other trackers: whoever has to go to another keeps its links whatever it is told meanwhile.
func (s *swarm) but(tracker int) []*viewer {
	there := s.of(tracker)
	return slices.DeleteFunc(slices.Clone(s.viewers), func(v *viewer) bool { return slices.Contains(there, v) })
}
