package sim

import (
	"math/rand/v2"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	partDuration    scheduler.Time = 333_333
	partsPerSegment                = 6
	window                         = 3 * partsPerSegment // complete segments that the playlist lists, in parts
	before0                        = 5 * partsPerSegment // parts that were published when the world begins
	publishDelay                   = 40 * scheduler.Millisecond
	initSize                       = 900
	playlistSize                   = 4 << 10
	headerSize                     = 300 // of an answer of the edge; the hashes of the pieces come on top, 43 bytes each
)

// stream is one rendition of the live stream at the edge.
type stream struct {
	parts []wire.Record
	init  wire.Record
}

// newStream makes all parts that a world of this length needs. Each further rendition has half the bitrate.
func newStream(sc *Scenario, end scheduler.Time, seed uint64, rendition uint8) *stream {
	r := rand.New(rand.NewPCG(seed, streamChance))
	mean := float64(sc.Bitrate>>rendition) / 8 * float64(partDuration) / 1e6
	other := (partsPerSegment - sc.Keyframe) / (partsPerSegment - 1)
	st := &stream{init: record(wire.ChunkID{Epoch: 1, Rendition: rendition, Kind: wire.Init, MSN: 1}, initSize)}
	for k := range before0 + int(end/partDuration) + 1 {
		share := other
		if k%partsPerSegment == 0 {
			share = sc.Keyframe
		}
		size := int(mean * share * (0.85 + 0.3*r.Float64()))
		p := record(wire.ChunkID{Epoch: 1, Rendition: rendition, MSN: uint64(k / partsPerSegment), Part: uint16(k % partsPerSegment)}, max(size, 200))
		p.Independent = k%partsPerSegment == 0
		p.Last = k%partsPerSegment == partsPerSegment-1
		st.parts = append(st.parts, p)
	}
	return st
}

func record(id wire.ChunkID, size int) wire.Record {
	r := wire.Record{ID: id, Size: uint32(size), PieceSize: wire.PieceSize(size), Duration: uint32(partDuration)}
	if r.Pieces() > 64 {
		r.PieceSize = uint16((size/64 + 256) &^ 255)
	}
	return r
}

// captured is when the first picture of a part was taken, publishedAt when the part was at the edge.
func captured(part int) scheduler.Time    { return scheduler.Time(part-before0) * partDuration }
func publishedAt(part int) scheduler.Time { return captured(part+1) + publishDelay }

// published is how many parts are at the edge.
func (w *world) published() int {
	return min(before0+int(max(0, w.now-publishDelay)/partDuration), len(w.streams[0].parts))
}

// listed is the first part that the playlist lists.
func (w *world) listed() int {
	return max(0, w.published()/partsPerSegment*partsPerSegment-window)
}
