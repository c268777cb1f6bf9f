package tracker

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/tracker/store"
)

// faulty is one tracker's way to a store, which may be away, or lose a share of what is sent to it.
type faulty struct {
	store.Store
	away   atomic.Bool
	lacks  atomic.Pointer[string] // a part of the store is away: the lease of a stream, or "notes"; nil: nothing
	loses  func() bool
	held   atomic.Bool              // what comes stays on its way
	unsent atomic.Pointer[[]string] // trackers to which nothing can be sent: the part of the store that would carry it is away; nil: none
	slow   atomic.Int64             // nanoseconds that sending takes, and giving back a lease half of that
	dead   chan struct{}            // closed when nobody listens any more
	faults atomic.Int64
}

var errAway = errors.New("the store is away")

func (f *faulty) fails() error {
	if f.away.Load() {
		f.faults.Add(1)
		time.Sleep(500 * time.Millisecond) // that is how long it takes to know
		return errAway
	}
	return nil
}

func (f *faulty) without(key string) bool {
	lacks := f.lacks.Load()
	return lacks != nil && *lacks == key
}

func (f *faulty) carriesNot(to string) bool {
	unsent := f.unsent.Load()
	return unsent != nil && slices.Contains(*unsent, to)
}

func (f *faulty) Hold(ctx context.Context, holder string, lease time.Duration, claims []store.Claim) []store.Answer {
	err := f.fails()
	answers := make([]store.Answer, len(claims))
	for i, c := range claims {
		switch {
		case err != nil:
			answers[i].Err = err
		case f.without(c.Name):
			f.faults.Add(1)
			answers[i].Err = errAway
		default:
			answers[i] = f.Store.Hold(ctx, holder, lease, claims[i:i+1])[0]
		}
	}
	return answers
}

func (f *faulty) Drop(ctx context.Context, holder string, names []string) error {
	if err := f.fails(); err != nil {
		return err
	}
	time.Sleep(time.Duration(f.slow.Load() / 2))
	return f.Store.Drop(ctx, holder, names)
}

func (f *faulty) Send(ctx context.Context, letters []store.Letter) []store.Receipt {
	if len(letters) == 0 {
		return nil
	}
	err := f.fails()
	select {
	case <-time.After(time.Duration(f.slow.Load())):
	case <-ctx.Done():
		err = ctx.Err()
	}
	receipts, late := make([]store.Receipt, len(letters)), false
	for i, l := range letters {
		switch {
		case err != nil:
			receipts[i].Err = err
		case f.carriesNot(l.To):
			f.faults.Add(1)
			receipts[i].Err, late = errAway, true
		default:
			receipts[i] = f.Store.Send(ctx, letters[i:i+1])[0]
		}
	}
	if late {
		time.Sleep(time.Second) // as a server that does not answer makes all wait
	}
	return receipts
}

func (f *faulty) Write(ctx context.Context, notes []store.Note) error {
	if err := f.fails(); err != nil {
		return err
	}
	return f.Store.Write(ctx, notes)
}

func (f *faulty) Erase(ctx context.Context, notes []store.Note) error {
	if err := f.fails(); err != nil {
		return err
	}
	return f.Store.Erase(ctx, notes)
}

func (f *faulty) Notes(ctx context.Context) ([]store.Note, error) {
	if err := f.fails(); err != nil {
		return nil, err
	}
	if f.without("notes") {
		f.faults.Add(1)
		return nil, errAway
	}
	return f.Store.Notes(ctx)
}

func (f *faulty) Receive(ctx context.Context, as string, listening func(), take func([]byte)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-f.dead:
			cancel()
		case <-ctx.Done():
		}
	}()
	f.Store.Receive(ctx, as, listening, func(b []byte) {
		if f.away.Load() || f.loses != nil && f.loses() {
			f.faults.Add(1)
			return
		}
		for f.held.Load() {
			f.faults.Add(1)
			time.Sleep(10 * time.Millisecond)
		}
		take(b)
	})
}
