package tracker

import "context"

// standing is how many readers are kept.
const standing = 32

// readers read for viewers. A viewer has one goroutine at each moment: one that waits, is new, and does with the 2 KB of
// stack that it was born with; or, once something has come, a reader, which needs more. A few readers are kept, so
// that not each has to grow its stack again.
type readers chan *viewer

// run reads for one viewer after the other until ctx ends.
func (r readers) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case v := <-r:
			v.read()
		}
	}
}

// take has a viewer read for: by one of those that are kept, or, when none is free, by one more.
func (r readers) take(v *viewer) {
	select {
	case r <- v:
	default:
		go v.read()
	}
}
