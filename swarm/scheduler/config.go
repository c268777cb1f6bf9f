package scheduler

import "github.com/shoal-live/shoal/swarm/wire"

// Config is what a Scheduler starts with. The zero value but for Stream and Secret works.
type Config struct {
	Stream string   // public name of the stream
	Secret [16]byte // drawn by the host from a good source of randomness; names the viewer, see wire.Join
	Flags  uint8    // wire.MayUpload, Metered, Hidden
	Weight uint16   // what the uplink is taken for until it was measured, in units of 10 kbit/s; 0 means 500 (5 Mbit/s)
	Cap    uint16   // the most that may be lent of it, in the same units; 0 means all

	Rendition uint8 // that is watched

	Keep Time // how long a chunk is kept for peers after it was learned; 0 means 30 s
}

// Stats are the counts of a Scheduler, since its beginning.
type Stats struct {
	BytesFromPeers  uint64 // verified bytes of pieces that were missing
	BytesFromEdge   uint64 // verified bytes of Fetches
	BytesToPeers    uint64 // bytes of pieces handed to SendPieces
	ChunksFromPeers uint64 // completed with more than half of their bytes from peers
	ChunksFromEdge  uint64 // completed otherwise
	DuplicateBytes  uint64 // bytes of pieces that came though they were held or on their way through verification
	BadPieces       uint64
	DroppedSends    uint64 // runs of pieces that were not sent, because too many waited
	Links           int    // links that are up
	RosterSize      int    // members of the cell, oneself included; 0 when not joined
}

func (c Config) beginning() wire.Join {
	return wire.Join{Flags: c.Flags &^ ownFlags, Rendition: c.Rendition, Weight: c.Weight, Secret: c.Secret, Stream: c.Stream}
}
