package cell

import "github.com/shoal-live/shoal/swarm/wire"

// Defaults of a Config.
const (
	DefaultSize  = 32
	DefaultRoots = 24
	DefaultFan   = 4
	DefaultLinks = 4
)

// Config is all a swarm can be told. The zero value works.
type Config struct {
	Size  int   // members a cell has room for, 2 to wire.MaxMembers; 0: DefaultSize
	Gap   int64 // a cell's Deltas are at least this far apart, in the unit of the caller's clock; 0: no gap
	Roots int   // cells that may fetch from the edge: the copies of each chunk; 0: DefaultRoots
	Fan   int   // cells that one cell may feed, at least 2; 0: DefaultFan
	Links int   // bridges from a cell's parent to it, for each rendition that its members watch; 0: DefaultLinks

	PerPrefix int // members of one prefix that a cell takes, at least 2; 0: half of Size

	// Patience is how long a bridge may be there before its follower says that it is Fed, in the unit of the caller's clock;
	// then another takes its place, as it does when a follower says later that it is Fed no longer. 0: for ever.
	Patience int64
}

func (c *Config) validate() {
	setDefault(&c.Size, DefaultSize)
	setDefault(&c.Roots, DefaultRoots)
	setDefault(&c.Fan, DefaultFan)
	setDefault(&c.Links, DefaultLinks)
	c.Size = max(2, min(c.Size, wire.MaxMembers))
	setDefault(&c.PerPrefix, c.Size/2)
	c.PerPrefix = max(2, c.PerPrefix)
	c.Roots, c.Fan, c.Links = max(c.Roots, 1), max(c.Fan, 2), max(c.Links, 1)
}

func setDefault(field *int, value int) {
	if *field == 0 {
		*field = value
	}
}
