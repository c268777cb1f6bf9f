package viewer

import (
	"context"
	"sync"
	"time"

	"github.com/shoal-live/shoal/swarm/scheduler"
)

const (
	machineBeat  = 100 * time.Millisecond
	machineBeats = 20                    // that are looked back on
	machineLate  = 20 * time.Millisecond // in the mean: the machine has no time to spare. Where it has, it is less than half of it
	machineNews  = 5                     // of them tell how it is just now
	machineShare = 8                     // of the viewers of the process one in so many leaves at a time
)

// machine is what the viewers of a process know of the time that its processors have for them: timers that ring late. A swarm
// costs more of it than playing alone, and where there is none left what peers send comes late, is fetched from the edge too, and
// costs still more: it does not end by itself. So some leave the swarm for a while, and then it is looked again whether that was enough.
type machine struct {
	// static
	rest scheduler.Time // the first one of a viewer; 0: restFirst
	low  scheduler.Time // with less in the buffer playback has nearly stopped; 0: restLow

	mu      sync.Mutex
	late    [machineBeats]time.Duration // guarded by mu, as all that follows
	beats   int                         // since the beginning, or since enough have left
	viewers int
	left    int // since the beats began anew
}

// run looks at the time until ctx ends.
func (m *machine) run(ctx context.Context) {
	tick := time.NewTicker(machineBeat)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			now := time.Now()
			m.beat(now.Sub(last) - machineBeat)
			last = now
		}
	}
}

// beat notes by how much a timer was late. One long moment is no busy machine.
func (m *machine) beat(late time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.late[m.beats%machineBeats] = min(max(0, late), machineBeat)
	m.beats++
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

// calm tells whether timers are on time, busy whether they are late.
func (m *machine) calm() bool { return m.lateness(machineBeats) < machineLate/2 }
func (m *machine) busy() bool { return m.lateness(machineBeats) >= machineLate }

// hasRoom tells whether there is time for one more viewer, as far as the last half second tells.
func (m *machine) hasRoom() bool { return m.lateness(machineNews) < machineLate/2 }

// lateness is by how much timers were late, in the mean of the last beats.
func (m *machine) lateness(beats int) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mean(beats)
}

// spares tells a viewer of whom playback nearly stopped whether to leave the swarm. Of those who ask at once one in machineShare does;
// then all beats are forgotten, so that it is seen for two seconds what that was good for.
func (m *machine) spares() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.beats < machineBeats || m.mean(machineBeats) < machineLate {
		return false
	}
	if m.left++; m.left*machineShare >= m.viewers {
		m.beats, m.left = 0, 0
	}
	return true
}

// mean is called with mu held.
func (m *machine) mean(beats int) (sum time.Duration) {
	n := min(m.beats, beats)
	for i := range n {
		sum += m.late[(m.beats-1-i)%machineBeats]
	}
	return sum / time.Duration(max(1, n))
}
