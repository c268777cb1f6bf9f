//go:build linux

package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report is what was measured.
type report struct {
	Streams                    int      `json:"streams"`
	BitsPerSecond              int      `json:"bitsPerSecond"`        // of each
	CPUPercentPerStream        float64  `json:"cpuPercentPerStream"`  // of one core
	MemoryBytesPerStream       int      `json:"memoryBytesPerStream"` // resident, less what was when there was none
	PartAgeMillis              float64  `json:"partAgeMillis"`        // the median, of parts that were the newest
	FirstPlayableSeconds       playable `json:"firstPlayableSeconds"` // medians, and the slowest
	ControlCPUPercentPerStream float64  `json:"controlCpuPercentPerStream,omitempty"`
	CPURatio                   float64  `json:"cpuRatio,omitempty"` // origin, of the control
	PartMillis                 float64  `json:"partMillis"`         // the longest part
	PartAgeP95Millis           float64  `json:"partAgeP95Millis"`
	Parts                      int      `json:"parts"`
	Seconds                    float64  `json:"seconds"`       // that processor time was measured
	MemorySeconds              float64  `json:"memorySeconds"` // after which memory was
	WaitedPercent              float64  `json:"waitedPercent"` // of the time in which something on the machine waited for a processor
	Flags                      []string `json:"flags,omitempty"`
}

type playable struct {
	RTMP        float64 `json:"rtmp"`
	WHIP        float64 `json:"whip"`
	RTMPSlowest float64 `json:"rtmpSlowest"`
	WHIPSlowest float64 `json:"whipSlowest"`
}

// read takes the readers' findings.
func (r *report) read(readers []*reader) {
	var ages, waits []time.Duration
	for _, one := range readers {
		ages, waits = append(ages, one.ages...), append(waits, one.playable)
		r.Parts += one.parts
		r.PartMillis = max(r.PartMillis, millis(one.longest))
	}
	slices.Sort(ages)
	if n := len(ages); n > 0 {
		r.PartAgeMillis, r.PartAgeP95Millis = millis(ages[n/2]), millis(ages[n*95/100])
	}
	r.FirstPlayableSeconds.RTMP, r.FirstPlayableSeconds.RTMPSlowest = middle(waits), slowest(waits)
}

func millis(d time.Duration) float64 { return rounded(d.Seconds()*1000, 1) }

func middle(waits []time.Duration) float64 {
	if len(waits) == 0 {
		return 0
	}
	slices.Sort(waits)
	return rounded(waits[len(waits)/2].Seconds(), 3)
}

func slowest(waits []time.Duration) float64 {
	if len(waits) == 0 {
		return 0
	}
	return rounded(slices.Max(waits).Seconds(), 3)
}

func rounded(v float64, places int) float64 {
	p := math.Pow10(places)
	return math.Round(v*p) / p
}

// crowding is how busy the machine is.
type crowding struct {
	since  time.Time
	waited float64
}

func newCrowding() crowding { return crowding{time.Now(), waited()} }

// percent returns for how much of the time so far something waited for a processor.
func (c crowding) percent() float64 {
	return rounded(100*(waited()-c.waited)/time.Since(c.since).Seconds(), 0)
}

// waited returns for how many seconds so far something waited for a processor; 0 where the kernel does not tell.
func waited() float64 {
	b, _ := os.ReadFile("/proc/pressure/cpu")
	line, _, _ := strings.Cut(string(b), "\n")
	_, text, _ := strings.Cut(line, "total=")
	var micros float64
	fmt.Sscan(text, &micros)
	return micros / 1e6
}

// table prints the report for people.
func (r *report) table(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "streams\t%d of %.2f Mbit/s, %d parts read\n", r.Streams, float64(r.BitsPerSecond)/1e6, r.Parts)
	fmt.Fprintf(w, "processor\t%.3f %% of a core each, over %.0f s; a relay of the same bytes %.3f %%: %.1f times\n",
		r.CPUPercentPerStream, r.Seconds, r.ControlCPUPercentPerStream, r.CPURatio)
	fmt.Fprintf(w, "memory\t%.2f MB each, after %.0f s\n", float64(r.MemoryBytesPerStream)/1e6, r.MemorySeconds)
	fmt.Fprintf(w, "part\t%.0f ms old when it appears, p95 %.0f ms; the longest part is %.0f ms\n", r.PartAgeMillis, r.PartAgeP95Millis, r.PartMillis)
	p := r.FirstPlayableSeconds
	fmt.Fprintf(w, "playable\t%.2f s after the first byte by RTMP (slowest %.2f), %.2f s by WHIP (slowest %.2f)\n", p.RTMP, p.RTMPSlowest, p.WHIP, p.WHIPSlowest)
	fmt.Fprintf(w, "machine\tsomething waited for a processor %.0f %% of the time\n", r.WaitedPercent)
}
