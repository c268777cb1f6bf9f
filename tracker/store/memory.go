package store

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// maxWaiting bounds the messages that wait for one tracker; what comes on top is lost, and counted.
const maxWaiting = 1 << 12

// Memory is a store for the trackers of one process, and ends with it.
type Memory struct {
	mu      sync.Mutex // guards what follows
	leases  map[string]held
	inboxes map[string]chan []byte
	notes   map[string]Note
	lost    uint64 // messages
}

type held struct {
	by    string
	until time.Time
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{leases: map[string]held{}, inboxes: map[string]chan []byte{}, notes: map[string]Note{}}
}

// Hold implements Store.
func (m *Memory) Hold(_ context.Context, holder string, lease time.Duration, claims []Claim) []Answer {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	answers := make([]Answer, len(claims))
	for i, c := range claims {
		l, ok := m.leases[c.Name]
		if ok && !now.Before(l.until) {
			delete(m.leases, c.Name)
			ok = false
		}
		if ok && l.by == holder || !ok && c.Take {
			l = held{holder, now.Add(lease)}
			m.leases[c.Name] = l
			ok = true
		}
		if ok {
			answers[i].Holder = l.by
		}
	}
	return answers
}

// Drop implements Store.
func (m *Memory) Drop(_ context.Context, holder string, names []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		if m.leases[name].by == holder {
			delete(m.leases, name)
		}
	}
	return nil
}

// Send implements Store.
func (m *Memory) Send(_ context.Context, letters []Letter) []Receipt {
	m.mu.Lock()
	defer m.mu.Unlock()
	receipts := make([]Receipt, len(letters))
	for i, l := range letters {
		inbox, listens := m.inboxes[l.To]
		if !listens {
			continue
		}
		receipts[i].Heard = true
		select {
		case inbox <- append([]byte(nil), l.Message...):
		default:
			m.lost++
		}
	}
	return receipts
}

// Lost returns how many messages were lost because too many waited.
func (m *Memory) Lost() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lost
}

// Receive implements Store.
func (m *Memory) Receive(ctx context.Context, as string, listening func(), take func([]byte)) {
	inbox := make(chan []byte, maxWaiting)
	m.mu.Lock()
	m.inboxes[as] = inbox
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		delete(m.inboxes, as)
		m.mu.Unlock()
	}()
	listening()
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-inbox:
			take(b)
		}
	}
}

// Write implements Store.
func (m *Memory) Write(_ context.Context, notes []Note) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range notes {
		if old, ok := m.notes[n.Name]; !ok || n.Stamp > old.Stamp {
			m.notes[n.Name] = n
		}
	}
	return nil
}

// Erase implements Store.
func (m *Memory) Erase(_ context.Context, notes []Note) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range notes {
		if m.notes[n.Name].Stamp <= n.Stamp {
			delete(m.notes, n.Name)
		}
	}
	return nil
}

// Notes implements Store.
func (m *Memory) Notes(context.Context) ([]Note, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.notes)), nil
}

// Close implements Store.
func (m *Memory) Close() error { return nil }
