package cell_test

import (
	"fmt"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

func Example() {
	swarm := cell.New(cell.Config{Gap: 100}) // cells of 24, at most one Delta per cell in 100 ms
	tell := func(now int64) {
		for _, n := range swarm.Flush(now) {
			switch {
			case n.Roster != nil:
				fmt.Printf("%d ms: to %v: cell %d version %d has %d members\n", now, n.To, n.Roster.Cell, n.Roster.Version, len(n.Roster.Members))
			case n.Delta != nil:
				fmt.Printf("%d ms: to %v: version %d sets %d, left %v\n", now, n.To, n.Delta.Version, len(n.Delta.Set), n.Delta.Left)
			}
		}
	}
	swarm.Join(wire.Member{ID: 1, Flags: wire.MayUpload, Weight: 200}, cell.Place{})
	tell(0)
	swarm.Join(wire.Member{ID: 2}, cell.Place{})
	swarm.Join(wire.Member{ID: 3}, cell.Place{})
	tell(10) // newcomers are told at once, the others when the gap is over
	swarm.Leave(2)
	tell(100)
	// Output:
	// 0 ms: to [1]: cell 1 version 1 has 1 members
	// 10 ms: to [2 3]: cell 1 version 1 has 3 members
	// 100 ms: to [1 3]: version 2 sets 1, left [2]
}
