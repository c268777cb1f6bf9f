package origin

import (
	"context"
	"errors"
	"sync"

	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/webhook"
)

// beside runs what goes on beside a broadcast, until it ends.
func (o *Origin) beside(ctx context.Context, st *stream.Stream) {
	var all sync.WaitGroup
	all.Go(func() { o.tell(ctx, st) })
	all.Go(func() { o.ladder.Live(ctx, st) })
	if o.whep != nil {
		all.Go(func() { o.whep.Live(ctx, st) })
	}
	if o.stores(st.Name) {
		all.Go(func() { o.record(ctx, st) })
	}
	all.Wait()
}

// tell says to the webhooks that a broadcast has begun, and when it has ended why: of one stream the one after the other, also where a
// broadcaster takes the place of another.
func (o *Origin) tell(ctx context.Context, st *stream.Stream) {
	turn, _ := o.turns.LoadOrStore(st.Name, new(sync.Mutex))
	turn.(*sync.Mutex).Lock() // the one before has ended, and says so now
	defer turn.(*sync.Mutex).Unlock()
	e := webhook.Event{Event: webhook.PublishStart, Stream: st.Name, Protocol: st.Describe().Protocol}
	o.hooks.Send(e)
	<-ctx.Done()
	e.Event, e.Reason = webhook.PublishEnd, reason(context.Cause(ctx))
	o.hooks.Send(e)
}

// reason says in a word why a broadcast has ended.
func reason(cause error) string {
	switch {
	case errors.Is(cause, stream.ErrSaidOver):
		return "ended"
	case errors.Is(cause, stream.ErrReplaced):
		return "replaced"
	case errors.Is(cause, stream.ErrRevoked):
		return "revoked"
	case errors.Is(cause, stream.ErrLost):
		return "lost"
	}
	return "shutdown"
}
