package tracker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/tracker/store"
	"github.com/shoal-live/shoal/tracker/trunk"
)

const (
	leaseFor    = 5 * time.Second
	leaseEvery  = time.Second // leases are renewed, and looked at
	storeWithin = 2 * time.Second
	restlessFor = ghostsAfter     // after the store was away, nobody is taken to be gone for so long
	courtAgain  = 3 * time.Second // when who holds the lease does not answer
	failingFor  = 2 * time.Second // after a failure of the store it is taken to be away
)

// exchange is how a tracker meets others that serve the same streams: over a store it takes leases of streams and sends
// and receives batches of words. Without a store there is none, and it does nothing.
type exchange struct {
	t     *Tracker    // static
	store store.Store // static; nil: there are no others
	name  string      // static; drawn anew by each process, so that one that was restarted is another
	out   *outboxes   // static
	soon  chan struct{}

	polling chan struct{} // static; holds one while leases are looked at
	over    atomic.Bool   // no more are
	away    outage        // of the store as a whole: no stream's lease can be looked at, or no message sent to anybody
	untold  outage        // of what it keeps of controls
	lone    atomic.Bool   // when it was last looked at, controls were not learned and told

	mu      sync.Mutex // guards what follows
	dropped []string   // names of leases to be dropped
}

func newExchange(t *Tracker, s store.Store) *exchange {
	var name [8]byte
	rand.Read(name[:])
	x := &exchange{t: t, store: s, name: hex.EncodeToString(name[:]), soon: make(chan struct{}, 1), polling: make(chan struct{}, 1)}
	x.out = newOutboxes(x.name)
	return x
}

// alone tells whether a control that is set here is, as far as is known, not told to the other trackers.
func (x *exchange) alone() bool { return x.lone.Load() }

// tell has a word sent to a tracker. It never blocks: what does not fit into its outbox is dropped, which the receiver notices.
func (x *exchange) tell(to string, w trunk.Word) {
	switch {
	case x.store == nil:
	case x.out.add(to, w):
		x.t.metrics.wordsSent.Inc()
	default:
		x.t.metrics.wordsDropped.Inc()
	}
}

// hurry has the leases looked at now.
func (x *exchange) hurry() { wake(x.soon) }

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// drop has the lease of a stream given back.
func (x *exchange) drop(name string) {
	if x.store == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.dropped = append(x.dropped, name)
}

// run exchanges words and looks after leases until ctx ends.
func (x *exchange) run(ctx context.Context) {
	if x.store == nil {
		return
	}
	var tasks sync.WaitGroup
	tasks.Go(func() { x.store.Receive(ctx, x.name, x.listening, x.receive) })
	for l := range lanes {
		tasks.Go(func() { x.send(ctx, l) })
	}
	x.lead(ctx)
	tasks.Wait()
}

// listening: what was sent before may be lost; the next beats will tell.
func (x *exchange) listening() { x.hurry() }

func (x *exchange) fail(err error) {
	x.t.metrics.storeFailures.Inc()
	if x.away.fail(time.Now()) {
		x.t.log.Warn("tracker: the store cannot be reached, or carries nothing to other trackers: swarms carry on, but viewers of different trackers are not introduced to each other, and controls may have to be set at each tracker", "error", err)
	}
}

// worked notes that the store did.
func (x *exchange) worked() {
	if x.away.over(time.Now()) {
		x.t.log.Info("tracker: the store is reached again")
	}
}

// send empties the outboxes of a lane, all that has gathered in one go.
func (x *exchange) send(ctx context.Context, l lane) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-x.out.wait[l]:
		}
		x.mail(ctx, l)
	}
}

// mail sends what waits in a lane, once what is under way there has arrived.
func (x *exchange) mail(ctx context.Context, l lane) {
	select {
	case x.out.sending[l] <- struct{}{}:
		defer func() { <-x.out.sending[l] }()
	case <-ctx.Done():
		return
	}
	letters := x.out.empty(l)
	within, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	failed, err := x.out.sent(letters, x.store.Send(within, letters))
	switch {
	case failed == 0 || ctx.Err() != nil:
	case x.out.stuck():
		x.fail(err)
	default: // what others are sent goes
		x.t.metrics.storeFailures.Inc()
	}
}

// receive takes a batch.
func (x *exchange) receive(batch []byte) {
	now := time.Now()
	from, words, err := trunk.Parse(batch)
	if err != nil || from == x.name {
		x.t.metrics.wordsRefused.Inc()
		return
	}
	for _, w := range words {
		if s := x.t.streamOf(w.Stream); s != nil {
			x.t.metrics.wordsReceived.Inc()
			s.hear(from, w, now)
		}
	}
}

// lead takes, renews and looks at leases.
func (x *exchange) lead(ctx context.Context) {
	ticker := time.NewTicker(leaseEvery)
	defer ticker.Stop()
	for {
		x.poll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-x.soon:
		}
	}
}

// poll asks for the leases of all streams here, and for controls. When it returns, alone knows how that went.
func (x *exchange) poll(ctx context.Context) {
	if x.store == nil {
		return
	}
	x.polling <- struct{}{}
	defer func() { <-x.polling }()
	if x.over.Load() {
		return
	}
	within, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	x.mu.Lock()
	dropped := x.dropped
	x.dropped = nil
	x.mu.Unlock()
	if x.store.Drop(within, x.name, dropped) != nil {
		x.t.metrics.storeFailures.Inc() // they run out by themselves
	}
	told := x.look(within) && x.agree(within)
	if !errors.Is(within.Err(), context.Canceled) { // or who asked has gone, which says nothing of the store
		x.lone.Store(!told)
	}
}

// look takes and renews leases, and tells each stream who holds its own. It tells whether the store is there: one that
// fails for some of the streams alone is as far as the others are concerned.
func (x *exchange) look(ctx context.Context) bool {
	streams := x.t.all()
	claims := make([]store.Claim, len(streams))
	for i, s := range streams {
		claims[i] = store.Claim{Name: s.name, Take: s.wantsLead()}
	}
	answers := x.store.Hold(ctx, x.name, leaseFor, claims)
	if errors.Is(ctx.Err(), context.Canceled) {
		return false
	}
	now, failed := time.Now(), 0
	for i, s := range streams {
		if answers[i].Err == nil {
			s.led(answers[i].Holder, now)
		} else {
			s.unled(now)
			failed++
		}
	}
	switch {
	case failed > 0 && failed == len(streams):
		x.fail(answers[0].Err)
		return false
	case failed > 0:
		x.t.metrics.storeFailures.Inc()
	}
	if len(streams) > 0 {
		x.worked()
	}
	return true
}

// agree brings the controls here and in the store to the later of each, and tells whether that went.
func (x *exchange) agree(ctx context.Context) bool {
	err := x.learn(ctx)
	now := time.Now()
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
	case err != nil:
		x.t.metrics.storeFailures.Inc()
		if x.untold.fail(now) {
			x.t.log.Warn("tracker: the store does not tell of controls: they are to be set at each tracker", "error", err)
		}
	default:
		x.worked()
		if x.untold.over(now) {
			x.t.log.Info("tracker: the store tells of controls again")
		}
	}
	return err == nil
}

func (x *exchange) learn(ctx context.Context) error {
	notes, err := x.store.Notes(ctx)
	if err != nil {
		return err
	}
	news, lacks, stale := x.t.controls.learn(time.Now(), notes)
	for _, name := range news {
		if s := x.t.streamOf(name); s != nil {
			s.govern(time.Now())
		}
	}
	if err := x.store.Erase(ctx, stale); err != nil {
		return err
	}
	return x.store.Write(ctx, lacks)
}

// retreat gives back all leases, and tells the guests so.
func (x *exchange) retreat() {
	if x.store == nil {
		return
	}
	x.over.Store(true)
	x.polling <- struct{}{} // what is under way has ended
	defer func() { <-x.polling }()
	var names []string
	for _, s := range x.t.all() {
		names = append(names, s.name)
		s.adieu()
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeWithin)
	defer cancel()
	x.store.Drop(ctx, x.name, names)
	for l := range lanes {
		x.mail(ctx, l)
	}
}
