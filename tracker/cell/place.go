package cell

// Place is where in the network a viewer is, as far as is known.
type Place struct {
	Network   uint64 // its AS, or its address's prefix; 0: not known
	Region    uint32 // 0: not known
	RoundTrip uint16 // to the edge, in milliseconds; 0: not known
	Origin    uint64 // the same for viewers that come from the same network; 0: not known, or of no account
	Prefix    uint64 // of its address, by which Config.PerPrefix counts; 0: not known, or not counted
}

// What two viewers are worth to each other as members of one cell: any member is worth something, one that watches
// the same rendition more than all else, for only then have they chunks to exchange.
const (
	worthPeer      = 1
	worthRendition = 16
	worthNetwork   = 8
	worthRegion    = 4
	worthRoundTrip = 2
	worthMost      = worthPeer + worthRendition + worthNetwork + worthRegion + worthRoundTrip
)

// worth returns what two viewers are worth to each other.
func (m *member) worth(o *member) int {
	sum := worthPeer
	if m.Rendition == o.Rendition {
		sum += worthRendition
	}
	if m.at.Network != 0 && m.at.Network == o.at.Network {
		sum += worthNetwork
	}
	if m.at.Region != 0 && m.at.Region == o.at.Region {
		sum += worthRegion
	}
	if alike(m.at.RoundTrip, o.at.RoundTrip) {
		sum += worthRoundTrip
	}
	return sum
}

// alike tells whether two round trips are known and differ by no more than 10 ms or half of the shorter.
func alike(a, b uint16) bool {
	if a == 0 || b == 0 {
		return false
	}
	short, long := int(min(a, b)), int(max(a, b))
	return long-short <= max(10, short/2)
}

// kin is what most members of a cell have in common.
type kin struct {
	rendition uint8
	region    uint32
	network   uint64
}

// near tells how near two cells are, as worth does of members. What is not known is not near.
func (k kin) near(o kin) int {
	sum := 0
	if k.network != 0 && k.network == o.network {
		sum += worthNetwork
	}
	if k.region != 0 && k.region == o.region {
		sum += worthRegion
	}
	return sum
}

// mostCommon returns the value that most members have; of equals, the one met first.
func mostCommon[T comparable](members []member, of func(*member) T) (most T) {
	best := 0
	for i := 0; i < len(members) && 2*best <= len(members); i++ {
		value, n := of(&members[i]), 0
		for j := i; j < len(members); j++ {
			if of(&members[j]) == value {
				n++
			}
		}
		if n > best {
			most, best = value, n
		}
	}
	return most
}
