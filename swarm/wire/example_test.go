package wire_test

import (
	"fmt"

	"github.com/shoal-live/shoal/swarm/wire"
)

// A viewer joins; the tracker reads what it says.
func Example() {
	b := wire.Join{Flags: wire.MayUpload, Weight: 250, Stream: "demo"}.Append(nil)
	switch wire.MessageType(b[0]) {
	case wire.TypeJoin:
		join, err := wire.ParseJoin(b)
		fmt.Println(join.Stream, join.Weight, err)
	}
	// Output: demo 250 <nil>
}

// A peer sends two pieces of a chunk; the receiver hands the header to its scheduler and keeps the bytes.
func ExampleFrame() {
	record := wire.Record{ID: wire.ChunkID{Epoch: 1700000000, MSN: 12, Part: 3}, Size: 40000, PieceSize: wire.PieceSize(40000)}
	media := make([]byte, record.Size)

	from, to := record.PieceBounds(14, 2)
	b := wire.Frame{Type: wire.Pieces, Flags: wire.FlagRelay, Index: 14, Version: 7, ID: record.ID}.Append(nil)
	b = append(b, media[from:to]...)

	frame, pieces, err := wire.ParseFrame(b)
	fmt.Println(frame.Type.Bulk(), frame.Index, frame.ID == record.ID, len(pieces), err)
	// Output: true 14 true 2560 <nil>
}
