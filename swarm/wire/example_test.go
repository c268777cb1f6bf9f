package wire_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"

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
	b := wire.Frame{Type: wire.Pieces, Flags: wire.FlagRelay, Index: 14, ID: record.ID}.Append(nil)
	b = append(b, media[from:to]...)

	frame, pieces, err := wire.ParseFrame(b)
	fmt.Println(frame.Type.Bulk(), frame.Index, frame.ID == record.ID, len(pieces), err)
	// Output: true 14 true 2256 <nil>
}

// A viewer fetches the end of a chunk over HTTP and verifies it without the beginning.
func ExamplePiecesHeader() {
	media := make([]byte, 2500)
	size := wire.PieceSize(len(media))
	var hashes []byte // at the origin
	for piece := range slices.Chunk(media, int(size)) {
		sum := sha256.Sum256(piece)
		hashes = append(hashes, sum[:]...)
	}
	record := wire.Record{Size: 2500, PieceSize: size, Digest: sha256.Sum256(hashes)}
	header := base64.RawStdEncoding.EncodeToString(hashes)

	got, _ := base64.RawStdEncoding.DecodeString(header) // at the viewer
	trusted := len(got) == record.Pieces()*sha256.Size && sha256.Sum256(got) == record.Digest
	from, to := record.PieceBounds(2, 1)
	sum := sha256.Sum256(media[from:to])
	fmt.Println(len(header), trusted, bytes.Equal(sum[:], got[2*sha256.Size:]))
	// Output: 128 true true
}
