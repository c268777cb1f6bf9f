package sim

import (
	"math"
	"math/rand/v2"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Streams of chance: each thing that needs it has its own, so that one draw more here changes nothing there.
const (
	streamChance = 1
	viewerChance = 1 << 32 // plus the viewer's number
)

// lognormal draws with the given mean.
func lognormal(r *rand.Rand, mean, sigma float64) float64 {
	return mean * math.Exp(sigma*r.NormFloat64()-sigma*sigma/2)
}

// chance is a number in [0, 1) that belongs to a seed and two numbers, whoever asks and when.
func chance(seed uint64, a, b uint64) float64 {
	return float64(wire.Mix(wire.Mix(seed^wire.Mix(a))^b)>>11) / (1 << 53)
}
