package scheduler_test

import (
	"fmt"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

// A viewer that has no peers: what the player needs is fetched from the edge.
func Example() {
	s := scheduler.New(scheduler.Config{Stream: "demo", Flags: wire.MayUpload})
	record := &wire.Record{ID: wire.ChunkID{Epoch: 1, MSN: 10, Part: 3}, Size: 40000, PieceSize: 2560}

	chunk := s.Learn(0, record, 0)
	s.Need(0, chunk, scheduler.Second)
	for _, a := range s.Actions() {
		if a.Kind == scheduler.Fetch {
			fmt.Printf("fetch pieces %d to %d\n", a.First, a.First+a.Count-1)
		}
	}
	s.Fetched(20*scheduler.Millisecond, chunk, 0, 16, true)
	for _, a := range s.Actions() {
		if a.Kind == scheduler.Complete {
			fmt.Println("complete")
		}
	}
	// Output:
	// fetch pieces 0 to 15
	// complete
}
