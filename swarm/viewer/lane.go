package viewer

import "sync"

// lane does one thing after another with what is put into it. It has a goroutine only while there is something in it: of many links most have
// nothing, and the collector of garbage looks at the stack of whoever waits.
type lane struct {
	most int // that wait; what comes on top is refused

	mu    sync.Mutex
	each  func(b []byte) // guarded by mu, as what follows; nil: what comes waits for open
	queue [][]byte
	busy  bool      // the goroutine is there
	idle  sync.Cond // it has gone
	shut  bool
}

func newLane(most int) *lane {
	l := &lane{most: most}
	l.idle.L = &l.mu
	return l
}

// open has each be called with all that is put in, beginning with what waits.
func (l *lane) open(each func(b []byte)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.each = each
	l.start()
}

// put adds something, and returns whether there was room.
func (l *lane) put(b []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut || len(l.queue) >= l.most {
		return false
	}
	l.queue = append(l.queue, b)
	l.start()
	return true
}

// start is called with mu held.
func (l *lane) start() {
	if l.busy || l.shut || l.each == nil || len(l.queue) == 0 {
		return
	}
	l.busy = true
	go l.work(l.each)
}

func (l *lane) work(each func(b []byte)) {
	for {
		b, ok := l.next()
		if !ok {
			return
		}
		each(b)
	}
}

// next takes the oldest that waits. Without one, the goroutine counts as gone.
func (l *lane) next() ([]byte, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut || len(l.queue) == 0 {
		l.busy = false
		l.idle.Broadcast()
		return nil, false
	}
	b := l.queue[0]
	last := len(l.queue) - 1
	copy(l.queue, l.queue[1:])
	l.queue[last] = nil
	l.queue = l.queue[:last]
	return b, true
}

// end drops what waits, and returns once nothing is being done any more.
func (l *lane) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shut, l.queue = true, nil
	for l.busy {
		l.idle.Wait()
	}
}
