package sim

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/shoal-live/shoal/swarm/scheduler"
)

// Config says which world to play.
type Config struct {
	Viewers  int       // at any time; 0: 200
	Seed     uint64    // of all chance
	Seconds  int       // measured, after the scenario's warm-up; 0: 60
	Scenario string    // name; empty: steady
	CellSize int       // members of a cell; 0: the scenario's
	Roots    int       // cells that fetch from the edge; 0: the scenario's
	World    *Scenario // played instead of a named one
}

// Spread is how a quantity is spread over those who have it.
type Spread struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// Use is a mean and what one in a hundred exceeds.
type Use struct {
	Mean float64 `json:"mean"`
	P99  float64 `json:"p99"`
}

// Report is what a world was like, in the words that all measuring commands share. Bytes, copies, requests and added
// latency are those of the measured time; startup, stalls and bad bytes those of the whole run, warm-up included.
type Report struct {
	Scenario                    string  `json:"scenario"`
	Seed                        uint64  `json:"seed"`
	Viewers                     int     `json:"viewers"`
	Seconds                     int     `json:"seconds"`
	Offload                     float64 `json:"offload"`
	Ceiling                     float64 `json:"ceiling"`            // 1 - 1/viewers
	Copies                      float64 `json:"copies"`             // times that each byte of the stream left the edge
	Cells                       int     `json:"cells"`              // at the end
	AddedLatencyMillis          Spread  `json:"addedLatencyMillis"` // how much later than without the swarm a viewer holds a part
	WholeMillis                 Spread  `json:"wholeMillis"`        // how long after its publication it does
	LatencySeconds              float64 `json:"latencySeconds"`     // median viewer's mean
	UplinkUsed                  Use     `json:"uplinkUsed"`         // share of each viewer's uplink
	Stalls                      int     `json:"stalls"`
	StalledSeconds              float64 `json:"stalledSeconds"`
	StallRatio                  float64 `json:"stallRatio"`
	StartupMillis               float64 `json:"startupMillis"`       // median
	FirstPeerByteMillis         float64 `json:"firstPeerByteMillis"` // from joining until a peer's first byte; median
	DuplicateRatio              float64 `json:"duplicateRatio"`      // of the bytes that peers sent
	EdgeRequestsPerViewerMinute float64 `json:"edgeRequestsPerViewerMinute"`
	BytesFromPeers              uint64  `json:"bytesFromPeers"`
	BytesFromEdge               uint64  `json:"bytesFromEdge"`
	BadBytesSent                uint64  `json:"badBytesSent"` // by polluters
	Withheld                    uint64  `json:"withheld"`     // messages that liars owed
	BadBytesPlayed              uint64  `json:"badBytesPlayed"`
	BadBytesRelayed             uint64  `json:"badBytesRelayed"`
	NotPlaying                  int     `json:"notPlaying"` // viewers who never saw a picture, though there for 5 s
	Left                        int     `json:"left"`       // viewers who closed the page
	Control                     *Report `json:"control,omitempty"`

	events, frames, unheld, dropped, parkedLost uint64
	cut                                         [5]uint64
}

// Run plays the world twice: with the swarm and, as Report.Control, without.
func Run(c Config) (Report, error) {
	s, err := scenario(c.Scenario)
	if c.World != nil {
		s, err = *c.World, nil
	}
	if err != nil {
		return Report{}, err
	}
	if c.Viewers == 0 {
		c.Viewers = 200
	}
	if c.Seconds == 0 {
		c.Seconds = 60
	}
	if c.CellSize != 0 {
		s.CellSize = c.CellSize
	}
	if c.Roots != 0 {
		s.Roots = c.Roots
	}
	if c.Viewers < 1 || c.Viewers > 100_000 || c.Seconds < 5 || c.Seconds > 86_400 {
		return Report{}, fmt.Errorf("sim: %d viewers, %d seconds: choose 1 to 100000 viewers and at least 5 seconds", c.Viewers, c.Seconds)
	}
	r, with := s.play(c, true)
	control, without := s.play(c, false)
	r.Control = &control
	r.AddedLatencyMillis = added(with, without)
	return r, nil
}

// play plays one world to its end, and keeps of it only what was measured.
func (s Scenario) play(c Config, p2p bool) (Report, []took) {
	w := newWorld(s, c.Viewers, c.Seconds, c.Seed, p2p)
	w.run()
	return w.report(c), w.took
}

// report sums up a world that has ended.
func (w *world) report(c Config) Report {
	r := Report{
		Scenario: w.scenario.Name, Seed: c.Seed, Viewers: c.Viewers, Seconds: c.Seconds,
		Ceiling: round(1-1/float64(c.Viewers), 4), Cells: w.tracker.swarm.Cells(), events: w.events,
	}
	var duplicate, requests uint64
	var watched, stalled float64
	var latency, startup, used, first []float64
	for _, v := range w.viewers {
		if !v.measured {
			v.begun = v.counts
		}
		v.sum(&r, &duplicate, &requests)
		p := v.head.Stats(w.now)
		if v.left {
			p = v.closing
			r.Left++
		}
		r.Stalls += p.Stalls
		stalled += float64(p.Stalled) / 1e6
		watched += float64(p.WatchedTime) / 1e6
		if p.Started {
			startup = append(startup, float64(p.StartedAt-v.joinsAt)/1e3)
		} else if v.joinsAt < w.now-5*scheduler.Second {
			r.NotPlaying++
		}
		if v.firstPeer > 0 {
			first = append(first, float64(v.firstPeer-v.joinsAt)/1e3)
		}
		if p.Played > 0 {
			latency = append(latency, float64(p.LatencySum)/float64(p.Played)/1e6)
		}
		if !v.left && v.joinsAt < w.now-scheduler.Time(c.Seconds)*scheduler.Second/2 {
			share := float64(v.counts.sentBytes-v.begun.sentBytes) * 8 / float64(v.uplink) / float64(c.Seconds)
			used = append(used, share)
		}
	}
	r.Offload = round(ratio(float64(r.BytesFromPeers), float64(r.BytesFromPeers+r.BytesFromEdge)), 4)
	r.Copies = round(ratio(float64(r.BytesFromEdge), w.streamBytes()), 3)
	r.WholeMillis = spread(w.took)
	r.LatencySeconds = round(quantile(latency, 50), 3)
	r.UplinkUsed = Use{round(mean(used), 4), round(quantile(used, 99), 4)}
	r.StalledSeconds, r.StallRatio = round(stalled, 3), round(ratio(stalled, stalled+watched), 6)
	r.StartupMillis, r.FirstPeerByteMillis = round(quantile(startup, 50), 0), round(quantile(first, 50), 0)
	r.DuplicateRatio = round(ratio(float64(duplicate), float64(r.BytesFromPeers+duplicate)), 4)
	r.EdgeRequestsPerViewerMinute = round(float64(requests)/float64(c.Viewers)/float64(c.Seconds)*60, 1)
	return r
}

// sum adds what one viewer got in the measured time.
func (v *viewer) sum(r *Report, duplicate, requests *uint64) {
	a, b := &v.begun, &v.counts
	r.BytesFromPeers += b.fromPeers - a.fromPeers
	r.BytesFromEdge += b.fromEdge - a.fromEdge
	*duplicate += b.duplicate - a.duplicate + b.refetched - a.refetched
	*requests += b.requests - a.requests
	r.BadBytesSent += b.tampered
	r.Withheld += b.withheld
	r.BadBytesPlayed += b.badPlayed
	r.BadBytesRelayed += b.badRelayed
	r.frames += b.frames
	r.unheld += b.unheld
	r.dropped += b.sendsDropped
	r.parkedLost += b.parkedLost
	for i := range r.cut {
		r.cut[i] += b.cut[i]
	}
}

// streamBytes is the size of what was published in the measured time.
func (w *world) streamBytes() (bytes float64) {
	for _, st := range w.streams {
		for k := range st.parts {
			if at := publishedAt(k); at >= scheduler.Time(w.scenario.Warmup)*scheduler.Second && at < w.end {
				bytes += float64(st.parts[k].Size)
			}
		}
	}
	return bytes
}

// Table writes the report for people.
func (r Report) Table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "%s, seed %d, %d viewers, %d s\tswarm\twithout\n", r.Scenario, r.Seed, r.Viewers, r.Seconds)
	control := r.Control
	if control == nil {
		control = &Report{}
	}
	row := func(name, format string, get func(*Report) any) {
		fmt.Fprintf(w, "%s\t"+format+"\t"+format+"\n", name, get(&r), get(control))
	}
	row("offload", "%.4f", func(r *Report) any { return r.Offload })
	row("copies", "%.2f", func(r *Report) any { return r.Copies })
	row("cells", "%d", func(r *Report) any { return r.Cells })
	row("added latency p50, ms", "%.0f", func(r *Report) any { return r.AddedLatencyMillis.P50 })
	row("added latency p95, ms", "%.0f", func(r *Report) any { return r.AddedLatencyMillis.P95 })
	row("added latency p99, ms", "%.0f", func(r *Report) any { return r.AddedLatencyMillis.P99 })
	row("whole after p50, ms", "%.0f", func(r *Report) any { return r.WholeMillis.P50 })
	row("whole after p95, ms", "%.0f", func(r *Report) any { return r.WholeMillis.P95 })
	row("whole after p99, ms", "%.0f", func(r *Report) any { return r.WholeMillis.P99 })
	row("latency, s", "%.2f", func(r *Report) any { return r.LatencySeconds })
	row("first byte of a peer, ms", "%.0f", func(r *Report) any { return r.FirstPeerByteMillis })
	row("startup, ms", "%.0f", func(r *Report) any { return r.StartupMillis })
	row("stalls", "%d", func(r *Report) any { return r.Stalls })
	row("stalled, s", "%.1f", func(r *Report) any { return r.StalledSeconds })
	row("stall ratio", "%.5f", func(r *Report) any { return r.StallRatio })
	row("duplicate ratio", "%.4f", func(r *Report) any { return r.DuplicateRatio })
	row("uplink used, mean", "%.2f", func(r *Report) any { return r.UplinkUsed.Mean })
	row("uplink used, p99", "%.2f", func(r *Report) any { return r.UplinkUsed.P99 })
	row("edge requests per viewer minute", "%.1f", func(r *Report) any { return r.EdgeRequestsPerViewerMinute })
	row("MB from peers", "%.1f", func(r *Report) any { return float64(r.BytesFromPeers) / 1e6 })
	row("MB from edge", "%.1f", func(r *Report) any { return float64(r.BytesFromEdge) / 1e6 })
	row("bad bytes played", "%d", func(r *Report) any { return r.BadBytesPlayed })
	row("bad bytes passed on", "%d", func(r *Report) any { return r.BadBytesRelayed })
	return w.Flush()
}

func quantile(list []float64, percent int) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[(len(list)-1)*percent/100]
}

func mean(list []float64) float64 {
	var sum float64
	for _, x := range list {
		sum += x
	}
	return ratio(sum, float64(len(list)))
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func round(x float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(x*p) / p
}
