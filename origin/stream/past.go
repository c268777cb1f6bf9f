package stream

import (
	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/swarm/wire"
)

// Past is what is stored of a rendition from earlier processes, for viewers to seek back in.
type Past struct {
	Segments  []*hls.Segment // complete, oldest first, each with its Place; their init segments have no records yet
	Rendition Rendition      // what it was like
}

// signPast gives the init segments of the past their records: keys are the same, so they say what they said.
func (s *Stream) signPast(r *rendition) {
	for _, g := range r.past.Segments {
		if i := g.Init; i != nil && i.Record == "" {
			i.Record, i.Pieces = sign(s.key, wire.Record{
				ID:            wire.ChunkID{Epoch: s.state.Epoch, Rendition: uint8(r.index), Kind: wire.Init, MSN: i.Number},
				Discontinuity: uint32(g.Discontinuity),
			}, i.Bytes)
		}
	}
}
