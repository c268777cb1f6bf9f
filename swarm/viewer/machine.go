package viewer

import (
	"context"
	"sync"
	"time"

	"github.com/shoal-live/shoal/swarm/scheduler"
)

const (
	machineBeat  = 50 * time.Millisecond
	machineBeats = 20                    // that are looked back on
	machineNews  = 8                     // of them tell how it is just now
	machineLate  = 20 * time.Millisecond // in the mean: timers are late. Where there is time it is less than half of it
	machineWait  = 3 * time.Millisecond  // in the mean: who could run waits long for a processor. Where there is time it is a fifth of it
	machineMost  = 100 * time.Millisecond
	machineShare = 8 // of the viewers of the process one in so many leaves at a time
)

// machine is what the viewers of a process know of the time that its processors have for them: timers that ring late, where others
// have the processors, and goroutines that wait, where the process has too much to do itself: Go rings timers before all else. A swarm
// costs more of it than playing alone, and where there is none left what peers send comes late, is fetched from the edge too, and
// costs still more: it does not end by itself. So some leave the swarm for a while, and then it is looked again whether that was enough.
type machine struct {
	// static
	rest scheduler.Time // the first one of a viewer; 0: restFirst
	low  scheduler.Time // a buffer with less runs low; 0: restLow

	mu      sync.Mutex
	last    [machineBeats]beat // guarded by mu, as all that follows
	beats   int                // since the beginning
	since   int                // since enough have left
	viewers int
	left    int // of the wave that is under way
	waves   int // how often enough have left
}

// beat is what was seen in one machineBeat.
type beat struct {
	late time.Duration // of the timer
	wait time.Duration // of goroutines that could run, in the mean
}

// run looks at the time until ctx ends.
func (m *machine) run(ctx context.Context) {
	tick := time.NewTicker(machineBeat)
	defer tick.Stop()
	waits := newWaits()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			now := time.Now()
			m.beat(beat{now.Sub(last) - machineBeat, waits.next()})
			last = now
		}
	}
}

// beat notes what was seen. One long moment is no busy machine.
func (m *machine) beat(b beat) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last[m.beats%machineBeats] = beat{min(max(0, b.late), machineMost), min(b.wait, machineMost)}
	m.beats++
	m.since++
}

// enter counts a viewer, and leave a viewer less.
func (m *machine) enter() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.viewers++
}

func (m *machine) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.viewers--
}

// calm tells whether there is time, busy whether there is none.
func (m *machine) calm() bool { return m.load(machineBeats) < 0.5 }
func (m *machine) busy() bool { return m.load(machineBeats) >= 1 }

// hasRoom tells whether there is time for one more viewer, as far as the last half second tells.
func (m *machine) hasRoom() bool { return m.load(machineNews) < 0.35 }

// spares tells a viewer whose buffer runs low whether to leave the swarm. Of those who ask at once one in machineShare does;
// then it is seen for as many beats as are looked back on what that was good for.
func (m *machine) spares() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.since < machineBeats || m.mean(machineBeats) < 1 {
		return false
	}
	if m.left++; m.left*machineShare >= m.viewers {
		m.since, m.left = 0, 0
		m.waves++
	}
	return true
}

// wave tells which wave of those who leave is the next: what a viewer saw before the last says nothing any more.
func (m *machine) wave() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.waves
}

// load is how much of what is bearable there is of waiting, in the mean of the last beats.
func (m *machine) load(beats int) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mean(beats)
}

// mean is load, called with mu held.
func (m *machine) mean(beats int) float64 {
	n := min(m.beats, beats)
	var sum beat
	for i := range n {
		b := m.last[(m.beats-1-i)%machineBeats]
		sum.late += b.late
		sum.wait += b.wait
	}
	count := time.Duration(max(1, n))
	return max(float64(sum.late/count)/float64(machineLate), float64(sum.wait/count)/float64(machineWait))
}
