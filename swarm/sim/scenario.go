package sim

import (
	"fmt"
	"strings"
)

// Scenario is a kind of world. Rates are in multiples of the bitrate, times in seconds unless they say otherwise.
type Scenario struct {
	Name, Text string

	Bitrate    int     // bits per second, of the media
	Renditions int     // each with half the bitrate of the one before, and as many viewers; 0: 1
	EdgeRate   float64 // what the edge can send, as a share of what all viewers watch; 0: without bound
	Kept       bool    // a cache keeps the edge's answers to reloads: who is late for a part gets the playlist as it was when that part came
	Keyframe   float64 // how much larger a part with a keyframe is than the mean part
	CellSize   int     // 0: the tracker's default
	Roots      int     // cells that fetch from the edge; 0: the tracker's default
	Warmup     int     // from the beginning to the measured time
	Joins      int     // the viewers join evenly over these first seconds

	Uplink      float64 // mean, lognormal; dealt evenly, see deal
	UplinkSigma float64
	Downlink    float64 // least; what comes on top is exponential with the same mean
	Told        float64 // share of its uplink that a viewer takes it for, until it has measured it
	ToldSigma   float64 // error of that, lognormal

	Unreachable float64 // share of pairs that cannot connect
	Symmetric   float64 // share of viewers behind a NAT that reaches neither its like nor the restricted
	Restricted  float64 // share behind one that the symmetric cannot reach
	Metered     float64 // share on links paid by the byte
	Loss        float64 // share of messages that need another round trip

	Lifetime float64 // mean, exponential; 0: they stay. Who leaves is replaced after a second
	Rude     float64 // share of those that leave without a word
	Hidden   float64 // share whose tab is hidden for 20 s

	Bound   float64 // most that the operator lets a viewer lend of its uplink; 0: no bound
	Off, On int     // from the beginning until the operator turns P2P off, and on again; 0: never

	// Shares of viewers that are no good peers; see trait.go.
	Polluter, Liar, Slow, Leecher float64
}

var steady = Scenario{
	Name: "steady", Text: "uplinks of 2.5 x bitrate in the mean, a fifth of the pairs unreachable, nobody leaves",
	Bitrate: 2_000_000, Keyframe: 1.8, Warmup: 30, Joins: 10,
	Uplink: 2.5, UplinkSigma: 0.6, Downlink: 4, Told: 0.8, ToldSigma: 0.15,
	Unreachable: 0.2, Metered: 0.05, Loss: 0.002,
}

// scenarios are the worlds that have names; the first is the default.
var scenarios = []Scenario{
	steady,
	steady.but("tight", "uplinks of only the bitrate in the mean: the cell cannot carry itself", func(s *Scenario) {
		s.Uplink = 1
	}),
	steady.but("churn", "half of the viewers leave each minute, a third of them without a word", func(s *Scenario) {
		s.Lifetime, s.Rude = 120, 0.33
	}),
	steady.but("flash", "all join within two seconds, and are measured from the start", func(s *Scenario) {
		s.Joins, s.Warmup = 2, 0
	}),
	steady.but("pollute", "every tenth viewer sends only wrong pieces, and claims a good uplink", func(s *Scenario) {
		s.Polluter = 0.1
	}),
	steady.but("liars", "every tenth viewer says to hold and to fetch, and sends nothing; every tenth pollutes", func(s *Scenario) {
		s.Liar, s.Polluter = 0.1, 0.1
	}),
	steady.but("burdens", "a tenth take and give nothing, a tenth have a tenth of the uplink that they tell, a third hide their tab for a while", func(s *Scenario) {
		s.Leecher, s.Slow, s.Hidden = 0.1, 0.1, 0.33
	}),
	steady.but("renditions", "three renditions, each with half the bitrate of the one before, a third of the viewers on each", func(s *Scenario) {
		s.Renditions = 3
	}),
	steady.but("crowd", "an edge whose line carries no more than 1.1 times what all watch", func(s *Scenario) {
		s.EdgeRate = 1.1
	}),
	steady.but("switch", "the operator turns P2P off for ten seconds, and on again", func(s *Scenario) {
		s.Off, s.On = 32, 42
	}),
	steady.but("nat", "a quarter behind symmetric NATs, half behind restricted ones", func(s *Scenario) {
		s.Unreachable, s.Symmetric, s.Restricted = 0.05, 0.25, 0.5
	}),
	steady.but("kept", "as nat, and a cache before the edge keeps the answers to reloads: who is late gets an old one", func(s *Scenario) {
		s.Unreachable, s.Symmetric, s.Restricted, s.Kept = 0.05, 0.25, 0.5, true
	}),
}

func (s Scenario) but(name, text string, change func(*Scenario)) Scenario {
	s.Name, s.Text = name, text
	change(&s)
	return s
}

// Scenarios returns the worlds that have names; the first is the default.
func Scenarios() []Scenario { return append([]Scenario(nil), scenarios...) }

func scenario(name string) (Scenario, error) {
	var names []string
	for _, s := range scenarios {
		if s.Name == name || name == "" {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Scenario{}, fmt.Errorf("sim: no scenario %q: choose one of %s", name, strings.Join(names, ", "))
}
