package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/store/redistest"
)

const (
	joinsPerSecond = 500
	probesPerSec   = 10
	joinWithin     = 2 * time.Second
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

// leave takes leave of the tracker.
func (v *viewer) leave() {
	v.mu.Lock()
	conn := v.conn
	v.mu.Unlock()
	if conn != nil {
		conn.WriteMessage(2, wire.Leave{}.Append(nil))
		time.Sleep(100 * time.Millisecond)
	}
	v.end()
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

func (v *viewer) hears(text string) bool {
	limit := time.After(joinWithin)
	for {
		select {
		case got := <-v.signals:
			if got == text {
				return true
			}
		case <-limit:
			return false
		}
	}
}

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
	if r.Faults == 0 {
		r.Bound = "no fault was injected"
	}
}

func (s *swarm) named(name string, r result) result {
	r.Fault = name
	return r
}

// --- the faults ---

func (s *swarm) joined() result {
	r := result{Fault: "joined", Faults: 1, FewestPeers: 1}
	s.after(&r, 10*time.Second)
	for _, n := range s.trackers {
		r.TrackerSeconds = append(r.TrackerSeconds, n.metric("process_cpu_seconds_total"))
	}
	return r
}

func (s *swarm) flushed(server *redistest.Server) result {
	r := result{Fault: "FLUSHALL, ten times"}
	s.during(&r, s.viewers, []int{0, 1, 2}, func() {
		for range 10 {
			server.Do("FLUSHALL")
			r.Faults++
			time.Sleep(time.Second)
		}
	})
	s.after(&r, 10*time.Second)
	return r
}

// redisAway takes the store away for a while. Those who stay at their tracker must keep all their peers.
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

// keeper returns the tracker that keeps the cells.
func (s *swarm) keeper() int {
	for i, n := range s.trackers {
		if n.running != nil && n.metric("shoal_tracker_cells") > 0 {
			return i
		}
	}
	return 0
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
func (s *swarm) drained() result {
	k := s.keeper()
	r := result{Fault: "SIGTERM of the keeper", Faults: 1}
	s.during(&r, s.but(k), []int{(k + 1) % 3, (k + 2) % 3}, func() {
		s.trackers[k].drain()
		s.back(&r)
	})
	s.after(&r, 10*time.Second)
	s.trackers[k].start()
	return r
}

// killed ends the tracker that keeps the cells with kill -9. One in twenty of its viewers never comes back.
func (s *swarm) killed() result {
	k := s.keeper()
	r := result{Fault: "kill -9 of the keeper", Faults: 1}
	for i, v := range s.of(k) {
		if i%20 == 0 {
			v.over.Store(true)
			s.viewers = slices.DeleteFunc(s.viewers, func(o *viewer) bool { return o == v })
		}
	}
	s.during(&r, s.but(k), []int{(k + 1) % 3, (k + 2) % 3}, func() {
		s.trackers[k].kill()
		s.back(&r)
	})
	s.after(&r, 30*time.Second)
	return r
}
