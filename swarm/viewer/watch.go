package viewer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"runtime/metrics"
	"slices"
	"sync"
	"text/tabwriter"
	"time"
)

// joinPatience is for how long in all a busy machine keeps viewers from joining, and the measurement from beginning.
const joinPatience = time.Minute

// WatchConfig says what Watch does. URL is needed.
type WatchConfig struct {
	N       int           // viewers; 0: 1
	URL     string        // see Config.URL
	Key     []byte        // see Config.Key
	Token   string        // see Config.Token
	Seconds int           // how long is measured, after the last viewer joined, and where Join is 0 nobody rests; 0: 30
	Join    time.Duration // over which the viewers join; 0: 200 ms for each, at most 20 s, and longer by up to a minute while the machine is busy or a viewer rests
	NoP2P   bool          // plain LL-HLS: the control run
	Weight  uint16        // see Config.Weight
	Cap     uint16        // see Config.Cap
	Log     *slog.Logger

	Trackers []string // see Config.Trackers
}

// WatchReport is what the viewers got, in the words that all measuring commands share. Bytes, copies and requests are
// those of the measured seconds; startup, stalls, rests and bad bytes those of the whole run. Where viewers differ the median
// is given.
type WatchReport struct {
	Viewers                     int     `json:"viewers"`
	Seconds                     float64 `json:"seconds"`
	Offload                     float64 `json:"offload"`
	Ceiling                     float64 `json:"ceiling"` // 1 - 1/viewers
	Copies                      float64 `json:"copies"`  // how many times the stream left the edge, whole swarm
	LatencySeconds              float64 `json:"latencySeconds"`
	Stalls                      int     `json:"stalls"` // of all viewers together
	StalledSeconds              float64 `json:"stalledSeconds"`
	StallRatio                  float64 `json:"stallRatio"`
	StartupMillis               float64 `json:"startupMillis"`
	DuplicateRatio              float64 `json:"duplicateRatio"` // of the bytes that peers sent
	EdgeRequestsPerViewerMinute float64 `json:"edgeRequestsPerViewerMinute"`
	BytesFromPeers              uint64  `json:"bytesFromPeers"`
	BytesFromEdge               uint64  `json:"bytesFromEdge"`
	BadBytesPlayed              uint64  `json:"badBytesPlayed"`
	BadBytesRelayed             uint64  `json:"badBytesRelayed"`
	MemoryBytesPerViewer        uint64  `json:"memoryBytesPerViewer"`
	Failed                      int     `json:"failed"`            // viewers that gave up or never played
	Refused                     int     `json:"refused"`           // viewers that no tracker let in, at the end; they play from the edge
	Refusal                     string  `json:"refusal,omitempty"` // why one of them was refused
	Links                       float64 `json:"links"`             // of a viewer, at the end
	Rests                       int     `json:"rests"`             // how often a viewer left the swarm because the machine was too busy
	WaitedSeconds               float64 `json:"waitedSeconds"`     // for which a busy machine kept viewers from joining, and the measurement from beginning
}

// ErrNobody means that no viewer played anything.
var ErrNobody = errors.New("viewer: nobody played: the stream is there, but nothing of it came in time")

// ErrRefused means that there was no swarm: all viewers were refused, at the end at least, and none ever got anything from a peer. Those
// that did not fail have played all the same.
var ErrRefused = errors.New("viewer: all were refused in the end, and nobody got anything from a peer")

// Watch lets N viewers of this process watch a stream and reports what they got. When ctx ends early, or all viewers have, it
// reports what there is until then. That no viewer played is an error, and so is that all were refused at the end and none got anything from a
// peer. Which trackers there are, and whether there is a swarm, it reads from the watch page, unless it is told of trackers.
func Watch(ctx context.Context, c WatchConfig) (WatchReport, error) {
	n := max(1, c.N)
	length := time.Duration(c.Seconds) * time.Second
	if length <= 0 {
		length = 30 * time.Second
	}
	join := c.Join
	if join == 0 {
		join = min(time.Duration(n)*200*time.Millisecond, 20*time.Second)
	}
	certificate, err := NewCertificate()
	if err != nil {
		return WatchReport{}, err
	}
	pulse, rested := new(machine), make(chan struct{})
	looking, enough := context.WithCancel(ctx)
	go func() { pulse.run(looking); close(rested) }()
	defer func() { enough(); <-rested }()
	base := Config{
		machine: pulse,
		URL:     c.URL, Trackers: c.Trackers, Key: c.Key, Token: c.Token, P2P: !c.NoP2P, Weight: c.Weight, Cap: c.Cap, Log: c.Log,
		HTTP: NewHTTP(), Certificate: certificate, said: new(once),
	}
	defer base.HTTP.CloseIdleConnections()
	scout, err := New(base)
	if err != nil {
		return WatchReport{}, err
	}
	if err := scout.find(ctx); err != nil {
		return WatchReport{Viewers: n, Failed: n}, err
	}
	if len(base.Trackers) == 0 && base.P2P {
		var off bool
		base.Trackers, off = pageTrackers(ctx, base.HTTP, c.URL)
		base.P2P = !off
	}
	viewers := make([]*Viewer, n)
	for i := range viewers {
		if viewers[i], err = New(base); err != nil {
			return WatchReport{}, err
		}
	}

	before := memory()
	running, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	failures := make([]error, n)
	late := time.Duration(0)
	wait := func(ready func() bool) {
		for begun := time.Now(); c.Join == 0 && late < joinPatience && !ready() && sleep(running, machineBeat); begun = time.Now() {
			late += time.Since(begun)
		}
	}
	for i, v := range viewers {
		group.Go(func() { failures[i] = v.Run(running) })
		if !sleep(running, join/time.Duration(n)) {
			break
		}
		wait(pulse.hasRoom)
	}
	ended := make(chan struct{})
	go func() { group.Wait(); stop(); close(ended) }() // nothing is left to measure then
	wait(func() bool { return settled(viewers, pulse) })
	from, begun := samples(viewers), time.Now()
	sleep(running, length)
	to, took := samples(viewers), time.Since(begun)
	used := memory() - before
	stop()
	<-ended
	shared := slices.ContainsFunc(to, func(s sample) bool { return s.core.BytesFromPeers > 0 })
	r := sum(viewers, from, to, took, failures)
	r.WaitedSeconds = round(late.Seconds(), 1)
	r.MemoryBytesPerViewer = uint64(max(0, used)) / uint64(n)
	switch {
	case r.Failed == n:
	case r.Refused == n && !shared:
		return r, fmt.Errorf("%w: %d refused: %s", ErrRefused, r.Refused, r.Refusal)
	default:
		return r, nil
	}
	for _, err := range failures {
		if err != nil {
			return r, err
		}
	}
	return r, ErrNobody
}

// settled tells whether there is time for one more viewer, and nobody rests.
func settled(viewers []*Viewer, m *machine) bool {
	return m.hasRoom() && !slices.ContainsFunc(samples(viewers), func(s sample) bool { return s.p2p == "resting" })
}

func samples(viewers []*Viewer) []sample {
	out := make([]sample, len(viewers))
	for i, v := range viewers {
		out[i] = v.snapshot()
	}
	return out
}

// sum makes one report of all viewers' counts at the beginning and the end of the measured time.
func sum(viewers []*Viewer, from, to []sample, took time.Duration, failures []error) WatchReport {
	n := len(viewers)
	r := WatchReport{Viewers: n, Seconds: round(took.Seconds(), 1), Ceiling: round(1-1/float64(n), 4)}
	var received, duplicate, requests uint64
	var watched float64
	var latency, startup, links []float64
	for i := range viewers {
		a, b := &from[i], &to[i]
		got := b.report()
		peers, edge := b.core.BytesFromPeers-a.core.BytesFromPeers, b.counts.fromEdge-a.counts.fromEdge
		r.BytesFromPeers += peers
		r.BytesFromEdge += edge
		duplicate += b.core.DuplicateBytes - a.core.DuplicateBytes
		received += peers + b.core.DuplicateBytes - a.core.DuplicateBytes
		requests += b.requests - a.requests
		r.Stalls += got.Stalls
		r.Rests += got.Rests
		r.StalledSeconds += got.StalledSeconds
		watched += got.WatchedSeconds
		r.BadBytesPlayed += got.BadBytesPlayed
		r.BadBytesRelayed += got.BadBytesRelayed
		links = append(links, float64(got.Peers))
		if played := b.play.Played - a.play.Played; played > 0 {
			latency = append(latency, seconds64(b.play.LatencySum-a.play.LatencySum)/float64(played))
		}
		if got.StartupMillis >= 0 {
			startup = append(startup, got.StartupMillis)
		}
		if failures[i] != nil || got.StartupMillis < 0 {
			r.Failed++
		}
		if b.p2p == "refused" {
			r.Refused++
			r.Refusal = b.refusal
		}
	}
	all := float64(r.BytesFromPeers + r.BytesFromEdge)
	r.Offload = round(ratio(float64(r.BytesFromPeers), all), 4)
	r.Copies = round(ratio(float64(r.BytesFromEdge), all/float64(n)), 3)
	r.StallRatio = round(ratio(r.StalledSeconds, r.StalledSeconds+watched), 5)
	r.StalledSeconds = round(r.StalledSeconds, 3)
	r.LatencySeconds = round(median(latency), 3)
	r.StartupMillis = round(median(startup), 0)
	r.DuplicateRatio = round(ratio(float64(duplicate), float64(received)), 4)
	r.EdgeRequestsPerViewerMinute = round(float64(requests)/float64(n)/took.Minutes(), 1)
	r.Links = median(links)
	return r
}

// Table writes the report for people.
func (r WatchReport) Table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	refused := ""
	if r.Refused > 0 {
		refused = fmt.Sprintf("%d refused by the tracker, ", r.Refused)
	}
	fmt.Fprintf(w, "viewers\t%d\t(%d failed, %s%g links each)\n", r.Viewers, r.Failed, refused, r.Links)
	fmt.Fprintf(w, "measured\t%.1f s\n", r.Seconds)
	fmt.Fprintf(w, "offload\t%.1f %%\tof at most %.1f %%\n", 100*r.Offload, 100*r.Ceiling)
	fmt.Fprintf(w, "copies\t%.2f\tof each chunk left the edge\n", r.Copies)
	fmt.Fprintf(w, "latency\t%.2f s\n", r.LatencySeconds)
	fmt.Fprintf(w, "startup\t%.0f ms\n", r.StartupMillis)
	fmt.Fprintf(w, "stalls\t%d\t%.2f s in all\n", r.Stalls, r.StalledSeconds)
	if r.Rests > 0 {
		fmt.Fprintf(w, "rests\t%d\tthe machine was too busy for so many\n", r.Rests)
	}
	fmt.Fprintf(w, "from peers\t%.1f MB\t%.1f %% duplicate\n", float64(r.BytesFromPeers)/1e6, 100*r.DuplicateRatio)
	fmt.Fprintf(w, "from edge\t%.1f MB\t%.1f requests per viewer and minute\n", float64(r.BytesFromEdge)/1e6, r.EdgeRequestsPerViewerMinute)
	fmt.Fprintf(w, "bad bytes\t%d\tplayed, %d passed on\n", r.BadBytesPlayed, r.BadBytesRelayed)
	fmt.Fprintf(w, "memory\t%.1f MB\tper viewer\n", float64(r.MemoryBytesPerViewer)/1e6)
	return w.Flush()
}

// memory returns what the process holds from the system.
func memory() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64())
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	if n := len(list); n%2 == 0 {
		return (list[n/2-1] + list[n/2]) / 2
	}
	return list[len(list)/2]
}

func round(x float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(x*p) / p
}
