package sim

import (
	"math"
	"math/rand/v2"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Streams of chance: each thing that needs it has its own, so that one draw more here changes nothing there.
const (
	streamChance = 1
	evenChance   = 1 << 16 // plus which quantity, plus 256 for each crowd before
	viewerChance = 1 << 32 // plus the viewer's number
)

// deal tells for each viewer of a crowd, as many as watch at a time, where it stands in a distribution: a number in [0, 1).
// The numbers of a crowd are spread evenly, one in each n-th, and dealt out by chance: so also a small world nearly has the
// mean and the shares that its scenario states, and differs from the next by who has what. Who comes in another's place belongs to a later crowd.
type deal struct {
	quantity uint64
	crowd    int
	order    []int
}

// The quantities that are dealt evenly.
const (
	ofUplink = iota
	ofMetered
	ofNAT
	ofTrait
	ofRendition
	quantities
)

// of returns the number of viewer id, with the rest of chance from its own stream.
func (d *deal) of(id int32, n int, seed uint64, r *rand.Rand) float64 {
	if crowd := int(id) / n; d.order == nil || crowd != d.crowd {
		d.crowd = crowd
		d.order = rand.New(rand.NewPCG(seed, evenChance+d.quantity+256*uint64(crowd))).Perm(n)
	}
	at := (float64(d.order[int(id)%n]) + r.Float64()) / float64(n)
	return min(at, math.Nextafter(1, 0))
}

// lognormal is the value that a share of at of a lognormal distribution with this mean is below.
func lognormal(mean, sigma, at float64) float64 {
	z := math.Sqrt2 * math.Erfinv(2*max(at, 1e-12)-1)
	return mean * math.Exp(sigma*z-sigma*sigma/2)
}

// chance is a number in [0, 1) that belongs to a seed and two numbers, whoever asks and when.
func chance(seed uint64, a, b uint64) float64 {
	return float64(wire.Mix(wire.Mix(seed^wire.Mix(a))^b)>>11) / (1 << 53)
}
