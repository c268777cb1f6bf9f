package origin

import (
	"context"
	"time"
)

// keyCheck is how often it is looked whether the keys of the broadcasts under way hold: shoal key remove edits their file.
const keyCheck = time.Second

// watchKeys ends broadcasts whose key is removed, until ctx is done.
func (o *Origin) watchKeys(ctx context.Context) {
	tick := time.NewTicker(keyCheck)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			o.endRevoked()
		case <-ctx.Done():
			return
		}
	}
}

func (o *Origin) endRevoked() {
	o.streams.Evict(o.keys.Holds)
	if o.whep != nil {
		o.whep.Evict(o.keys.Holds)
	}
}
