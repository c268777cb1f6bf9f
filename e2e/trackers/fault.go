package main

import (
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/store/redistest"
)

// A fault is done to a swarm while newcomers join beside it and all that its viewers are told is watched.

// keptByDrain is the least of its peers that a viewer of another tracker must keep when the keeper stops: a cell that its viewers
// come back to may have been filled meanwhile, and is split.
const keptByDrain = 0.9

// during does something while newcomers join at some trackers and all is watched.
func (s *swarm) during(r *result, whom []*viewer, trackers []int, do func()) {
	stop := make(chan struct{})
	var took []time.Duration
	var watching sync.WaitGroup
	watching.Go(func() { r.FewestPeers = s.watch(stop, whom) })
	watching.Go(func() { took, r.JoinsFailed = s.probe(stop, trackers) })
	do()
	close(stop)
	watching.Wait()
	slices.Sort(took)
	r.Joins = len(took) + r.JoinsFailed
	if len(took) > 0 {
		r.JoinP99Millis = float64(took[len(took)*99/100].Microseconds()) / 1000
	}
}

// watch notes, until stop is closed, how few peers a viewer ever has left, as a share of those that it had.
func (s *swarm) watch(stop <-chan struct{}, whom []*viewer) (fewest float64) {
	before := map[*viewer][]wire.ViewerID{}
	for _, v := range whom {
		before[v] = v.look().members
	}
	fewest = 1
	for {
		for _, v := range whom {
			had, kept := before[v], 0
			for _, id := range v.look().members {
				if slices.Contains(had, id) {
					kept++
				}
			}
			fewest = min(fewest, float64(kept)/float64(max(1, len(had))))
		}
		select {
		case <-stop:
			return fewest
		case <-time.After(poll):
		}
	}
}

// probe has newcomers join, until stop is closed, at the trackers that are up, and notes how long their rosters took.
func (s *swarm) probe(stop <-chan struct{}, trackers []int) (took []time.Duration, failed int) {
	var mu sync.Mutex
	var trying sync.WaitGroup
	pace := time.NewTicker(time.Second / probesPerSec)
	defer pace.Stop()
	for i := 0; ; i++ {
		select {
		case <-stop:
			trying.Wait()
			return took, failed
		case <-pace.C:
		}
		s.probes++
		v := s.newViewer("probe", 1_000_000+s.probes)
		tracker := trackers[i%len(trackers)]
		trying.Go(func() {
			began := time.Now()
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				v.connect(tracker)
			}()
			for len(v.look().members) == 0 && time.Since(began) < joinWithin {
				time.Sleep(time.Millisecond)
			}
			mu.Lock()
			if d := time.Since(began); d < joinWithin {
				took = append(took, d)
			} else {
				failed++
			}
			mu.Unlock()
			v.leave()
			<-ended
		})
	}
}

// after waits for the swarm to be whole, and tries introductions.
func (s *swarm) after(r *result, within time.Duration) {
	took, err := s.whole(within)
	r.WholeSeconds = took.Seconds()
	if err != nil {
		r.Bound = fmt.Sprintf("not whole after %v: %v", within, err)
		return
	}
	if r.Introduced = s.introduced(); r.Introduced < 0.99 {
		r.Bound = "too few introductions"
	}
	if r.JoinsFailed > 0 {
		r.Bound = "joins failed"
	}
}

// fewest holds a fault to have been one, and to have left each viewer who kept its socket at least so many of its peers.
func (r *result) fewest(peers float64) {
	if r.FewestPeers < peers {
		r.Bound = fmt.Sprintf("a viewer kept less than %.0f %% of its peers", 100*peers)
	}
	if r.Faults == 0 {
		r.Bound = "no fault was injected"
	}
}

func (s *swarm) joined(name string) result {
	r := result{Fault: name, FewestPeers: 1}
	s.after(&r, 10*time.Second)
	for _, n := range s.trackers {
		r.TrackerSeconds = append(r.TrackerSeconds, n.metric("process_cpu_seconds_total"))
	}
	return r
}

func (s *swarm) flushed(name string, server *redistest.Server) result {
	r := result{Fault: name}
	s.during(&r, s.viewers, []int{0, 1, 2}, func() {
		for range 10 {
			server.Do("FLUSHALL")
			r.Faults++
			time.Sleep(time.Second)
		}
	})
	s.after(&r, 10*time.Second)
	r.fewest(1)
	return r
}

// redisAway takes the store, or a part of it, away for a while. All must keep all their peers.
func (s *swarm) redisAway(name string, away time.Duration, take, giveBack func()) result {
	r := result{Fault: name}
	failures := func() (sum float64) {
		for _, n := range s.trackers {
			sum += n.metric("shoal_tracker_store_failures_total")
		}
		return sum
	}
	before := failures()
	s.during(&r, s.viewers, []int{0, 1, 2}, func() {
		take()
		time.Sleep(away)
		giveBack()
	})
	r.Faults = int(failures() - before)
	s.after(&r, 10*time.Second)
	r.fewest(1)
	return r
}

// failedOver has servers of the store take over from others. All must keep all their peers.
func (s *swarm) failedOver(name string, do func() (faults int)) result {
	r := result{Fault: name}
	s.during(&r, s.viewers, []int{0, 1, 2}, func() { r.Faults = do() })
	s.after(&r, 10*time.Second)
	r.fewest(1)
	return r
}

func (s *swarm) cut(trackers ...int) func() {
	return func() {
		for _, i := range trackers {
			s.trackers[i].wire.set(true)
		}
	}
}

func (s *swarm) heal(trackers ...int) func() {
	return func() {
		for _, i := range trackers {
			s.trackers[i].wire.set(false)
		}
	}
}

// back waits until all viewers have a socket.
func (s *swarm) back(r *result) {
	began := time.Now()
	for slices.ContainsFunc(s.viewers, func(v *viewer) bool { return v.look().tracker < 0 }) && time.Since(began) < time.Minute {
		time.Sleep(poll)
	}
	if r.BackSeconds = time.Since(began).Seconds(); r.BackSeconds > 10 {
		r.Bound = "viewers came back too late"
	}
}

// drained ends the tracker that keeps the cells, as an operator does.
func (s *swarm) drained(name string) result {
	k := s.keeper()
	r := result{Fault: name}
	s.during(&r, s.but(k), []int{(k + 1) % 3, (k + 2) % 3}, func() {
		if ended := s.trackers[k].drain(); ended.Success() {
			r.Faults++
		} else {
			r.Bound = "the tracker that was drained: " + ended.String()
		}
		s.back(&r)
	})
	s.after(&r, 10*time.Second)
	r.fewest(keptByDrain)
	s.trackers[k].start()
	return r
}

// killed ends the tracker that keeps the cells with kill -9. One in twenty of its viewers never comes back.
func (s *swarm) killed(name string) result {
	k := s.keeper()
	r := result{Fault: name}
	for i, v := range s.of(k) {
		if i%20 == 0 {
			v.over.Store(true)
			s.viewers = slices.DeleteFunc(s.viewers, func(o *viewer) bool { return o == v })
		}
	}
	s.during(&r, s.but(k), []int{(k + 1) % 3, (k + 2) % 3}, func() {
		if ended := s.trackers[k].kill(); ended.Sys().(syscall.WaitStatus).Signaled() {
			r.Faults++
		}
		s.back(&r)
	})
	s.after(&r, 30*time.Second)
	r.fewest(1)
	return r
}
