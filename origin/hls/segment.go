package hls

import (
	"io"
	"time"
)

// Init is one init segment.
type Init struct {
	Number uint64
	Bytes  []byte
	Codecs string // of its tracks: RFC 6381
	Record string // base64, as the playlist carries it
	Pieces string // hashes of its pieces as wire.PiecesHeader carries them; empty: too many
}

// Part is one part of a segment.
type Part struct {
	Duration    time.Duration
	Independent bool
	Bytes       []byte
	Record      string
	Pieces      string
	Gap         bool // known to be missing: GAP=YES, no bytes
}

// Segment is one media segment, open or complete. A complete one never changes: where something about it does, another
// takes its place in the window.
type Segment struct {
	MSN           uint64
	Init          *Init  // nil: that of the segment before
	Break         bool   // a discontinuity stands before it
	Discontinuity uint64 // how many stand before it, its own included
	Date          time.Time
	Duration      time.Duration
	Parts         []Part // nil: they are in memory no more
	Gap           bool   // known to be missing: EXT-X-GAP, no bytes
	Place         Place  // where a complete segment is stored

	splits uint64  // discontinuities since the segment before: more than one where segments between were lost
	text   *text   // its lines in the playlist, once it is complete
	growth *growth // and before that

	// guarded by the window's mu
	appeared time.Time     // in the playlist, complete
	longest  time.Duration // of the playlists that it stood in
	until    time.Time     // that it stays fetchable, once it is not listed
}

// Place is where a complete segment can be read outside the window's memory.
type Place struct {
	At           io.ReaderAt // nil: nowhere
	Offset, Size int64
}

// Size returns the segment's bytes.
func (s *Segment) Size() int64 {
	if s.Parts == nil {
		return s.Place.Size
	}
	var n int64
	for _, p := range s.Parts {
		n += int64(len(p.Bytes))
	}
	return n
}
