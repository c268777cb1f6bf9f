//go:build linux

package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/shoal-live/shoal/e2e/attack"
)

// A report is what all phases say.
type report struct {
	Quiet    attack.Spread `json:"quiet"`    // answers of both edges, without slow ones
	Beside   attack.Spread `json:"beside"`   // of the edge that is left alone
	Attacked attack.Spread `json:"attacked"` // of the other one, at the same time
	Kinds    []byKind      `json:"kinds"`

	P99Ratio  float64   `json:"p99Ratio"`  // attacked and beside: the middle one of those of the phases
	P99Ratios []float64 `json:"p99Ratios"` // all of them
	P50Ratio  float64   `json:"p50Ratio"`  // likewise
	Noise     []float64 `json:"noise"`     // p99 of one edge and the other in the quiet phases: what such a ratio is by itself
	Crowded   float64   `json:"crowded"`   // share of the quiet phases in which something waited for a processor
	Core      float64   `json:"core"`      // of a core that the attacked edge used more than the other
	Resident  int       `json:"resident"`  // bytes that it had more than before
	Kernel    int       `json:"kernel"`    // bytes that TCP held more, of the whole machine, than in the quiet phase before
	Failed    int       `json:"failed"`    // requests
	Seconds   float64   `json:"seconds"`   // all took
	Readers   summary   `json:"readers"`   // the slow ones
	Headers   summary   `json:"headers"`   // likewise
}

// byKind is what one kind of request took.
type byKind struct {
	Name     string        `json:"name"`
	Quiet    attack.Spread `json:"quiet"`
	Beside   attack.Spread `json:"beside"`
	Attacked attack.Spread `json:"attacked"`
}

// A summary is what became of the slow ones of one kind. Times are in seconds.
type summary struct {
	Begun  int     `json:"begun"`
	Ended  int     `json:"ended"`
	Least  float64 `json:"least"` // they had, of those that were ended
	Middle float64 `json:"middle"`
	Most   float64 `json:"most"`
	Oldest float64 `json:"oldest"` // of the others
	Absent int     `json:"absent"` // never were there
}

func (f fates) summary() summary {
	s := summary{Begun: f.Begun, Ended: len(f.Ended), Oldest: f.Oldest, Absent: f.Absent}
	if s.Ended > 0 {
		s.Least, s.Middle, s.Most = slices.Min(f.Ended), attack.Middle(f.Ended), slices.Max(f.Ended)
	}
	return s
}

// all returns what an edge's requests of all kinds took in a phase.
func (p phase) all(edge int) []time.Duration { return slices.Concat(p.took[edge][:]...) }

// ratio returns p99 and p50 of one edge over those of the other: of the attacked one over its neighbour.
func (p phase) ratio() (p99, p50 float64) {
	edge := max(p.attacked, 0)
	one, other := attack.SpreadOf(p.all(edge)), attack.SpreadOf(p.all(1-edge))
	const least = 1e-3 // where nothing was measured
	return max(one.P99, least) / max(other.P99, least), max(one.P50, least) / max(other.P50, least)
}

// middleRatio returns the middle one of ratios: of 2 and 1/2 it is 1, so that an edge that is slower by itself makes no difference.
func middleRatio(ratios []float64) float64 {
	var logs []float64
	for _, ratio := range ratios {
		logs = append(logs, math.Log(ratio))
	}
	return math.Exp(attack.Middle(logs))
}

func (p phase) String() string {
	what := "quiet"
	if p.attacked >= 0 {
		what = fmt.Sprintf("slow ones at edge %d", p.attacked+1)
	}
	p99, _ := p.ratio()
	one, other := attack.SpreadOf(p.all(0)), attack.SpreadOf(p.all(1))
	return fmt.Sprintf("%-22s p99 %6.2f and %6.2f ms (%.2f), %d and %d requests", what, one.P99, other.P99, p99, one.Count, other.Count)
}

func reportOf(phases []phase) (r report) {
	r.Kinds = make([]byKind, kinds)
	var took [3][kinds][][]time.Duration // quiet, beside, attacked
	var all [3][][]time.Duration
	var p50s, core, resident, kernel []float64
	var readers, headers fates
	var before phase
	var waited, quiet time.Duration
	for _, p := range phases {
		p99, p50 := p.ratio()
		for edge := range 2 {
			of := 0
			if p.attacked >= 0 {
				of = 1
			}
			if p.attacked == edge {
				of = 2
			}
			all[of] = append(all[of], p.all(edge))
			for kind := range kinds {
				took[of][kind] = append(took[of][kind], p.took[edge][kind])
			}
		}
		if p.attacked < 0 {
			r.Noise = append(r.Noise, p99)
			waited, quiet = waited+p.waited, quiet+p.lasted
			before = p
			continue
		}
		r.P99Ratios, p50s = append(r.P99Ratios, p99), append(p50s, p50)
		core = append(core, (p.used[p.attacked]-p.used[1-p.attacked]).Seconds()/p.lasted.Seconds())
		resident = append(resident, float64(p.resident[p.attacked]-before.resident[p.attacked]))
		kernel = append(kernel, float64(p.kernel-before.kernel))
		readers.add(p.Readers)
		headers.add(p.Headers)
	}
	r.Quiet, r.Beside, r.Attacked = attack.SpreadOf(all[0]...), attack.SpreadOf(all[1]...), attack.SpreadOf(all[2]...)
	for kind := range kinds {
		of := func(condition int) attack.Spread { return attack.SpreadOf(took[condition][kind]...) }
		r.Kinds[kind] = byKind{kindNames[kind], of(0), of(1), of(2)}
	}
	r.P99Ratio, r.P50Ratio = middleRatio(r.P99Ratios), middleRatio(p50s)
	r.Core, r.Resident, r.Kernel = attack.Middle(core), int(attack.Middle(resident)), int(attack.Middle(kernel))
	r.Crowded = min(1, waited.Seconds()/max(quiet, 1).Seconds())
	r.Readers, r.Headers = readers.summary(), headers.summary()
	return r
}

func (r report) table(out io.Writer) {
	fmt.Fprintf(out, "%-16s %25s %25s %25s\n", "p50, p99 * (ms)", "without slow ones", "at the edge beside", "at the edge they are at")
	row := func(name string, spreads ...attack.Spread) {
		fmt.Fprintf(out, "%-16s", name)
		for _, s := range spreads {
			fmt.Fprintf(out, " %7d %8.2f %8.2f", s.Count, s.P50, s.MidP99)
		}
		fmt.Fprintln(out)
	}
	for _, k := range r.Kinds {
		row(k.Name, k.Quiet, k.Beside, k.Attacked)
	}
	row("all", r.Quiet, r.Beside, r.Attacked)
	fmt.Fprintf(out, "* that of the middle phase; over all %.2f, %.2f and %.2f\n", r.Quiet.P99, r.Beside.P99, r.Attacked.P99)
	fmt.Fprintf(out, "p99 there / beside  %.2f (phases: %.2f); p50 %.2f; one edge / the other without slow ones: %.2f\n",
		r.P99Ratio, r.P99Ratios, r.P50Ratio, r.Noise)
	for _, k := range []struct {
		name string
		summary
	}{{"slow readers", r.Readers}, {"slow headers", r.Headers}} {
		fmt.Fprintf(out, "%s  %d begun, %d ended by the edge after %.1f to %.1f s (the middle one %.1f); the oldest left had %.1f s; "+
			"%d were never there\n",
			k.name, k.Begun, k.Ended, k.Least, k.Most, k.Middle, k.Oldest, k.Absent)
	}
	fmt.Fprintf(out, "they cost the edge %.3f of a core and %.1f MB, and the kernel %.1f MB; %d requests failed; %.0f s\n",
		r.Core, float64(r.Resident)/1e6, float64(r.Kernel)/1e6, r.Failed, r.Seconds)
	fmt.Fprintf(out, "something waited for a processor in %.0f %% of the quiet time\n", 100*r.Crowded)
}
