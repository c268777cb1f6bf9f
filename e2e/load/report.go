//go:build linux

package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// report is what was measured. Phases that did not run are not in it.
type report struct {
	Idle          *idle         `json:"idle,omitempty"`
	Introductions introductions `json:"introductions"`
	Join          *join         `json:"join,omitempty"`
	Flash         *flash        `json:"flash,omitempty"`
}

// idle is the last step, and all.
type idle struct {
	step
	Trackers int    `json:"trackers"` // processes that hold as many each
	Steps    []step `json:"steps"`
}

type step struct {
	Viewers            int     `json:"viewers"`            // of all holders
	BytesEach          int     `json:"bytesEach"`          // of resident memory, garbage collected
	UnsettledBytesEach int     `json:"unsettledBytesEach"` // as it was
	Cells              int     `json:"cells"`
	ProcessorPercent   float64 `json:"processorPercent"` // of one core, for each holder
}

// introductions are viewers for a second of one core of the tracker's processor time.
type introductions struct {
	Viewers               int       `json:"viewers"`
	Links                 int       `json:"links"` // that each viewer opens
	PerCoreSecond         float64   `json:"perCoreSecond"`
	TrickledPerCoreSecond float64   `json:"trickledPerCoreSecond,omitempty"` // with candidates in messages of their own
	PeerPerCoreSecond     float64   `json:"peerPerCoreSecond,omitempty"`
	Ratio                 float64   `json:"ratio,omitempty"`
	ReadsEach             float64   `json:"readsEach,omitempty"` // system calls for each viewer, in the last run
	WritesEach            float64   `json:"writesEach,omitempty"`
	Runs                  []float64 `json:"runs"`
	TrickledRuns          []float64 `json:"trickledRuns,omitempty"`
	PeerRuns              []float64 `json:"peerRuns,omitempty"`
}

type join struct {
	PerSecond int     `json:"perSecond"`
	Joins     int     `json:"joins"`
	P50Millis float64 `json:"p50Millis"`
	P99Millis float64 `json:"p99Millis"`
}

type flash struct {
	Joins     int     `json:"joins"`
	Failures  int     `json:"failures"`
	P50Millis float64 `json:"p50Millis"`
	P99Millis float64 `json:"p99Millis"`
}

// table prints the report for people.
func (r *report) table(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	if r.Idle != nil {
		for _, s := range r.Idle.Steps {
			fmt.Fprintf(w, "idle\t%d viewers, %d cells\t%d bytes each (%d before garbage was collected), %.1f %% of a core\n",
				s.Viewers, s.Cells, s.BytesEach, s.UnsettledBytesEach, s.ProcessorPercent)
		}
	}
	i := r.Introductions
	introduced := func(how string, perCoreSecond float64) {
		if perCoreSecond > 0 {
			fmt.Fprintf(w, "introductions\t%d viewers, %d links each%s\t%.0f a core-second\n", i.Viewers, i.Links, how, perCoreSecond)
		}
	}
	introduced("", i.PerCoreSecond)
	if i.WritesEach > 0 {
		fmt.Fprintf(w, "\tsystem calls for each\t%.1f reads, %.1f writes\n", i.ReadsEach, i.WritesEach)
	}
	introduced(", candidates alone", i.TrickledPerCoreSecond)
	introduced(", bittorrent-tracker", i.PeerPerCoreSecond)
	if i.Ratio > 0 {
		fmt.Fprintf(w, "\tshoal, of bittorrent-tracker\t%.1f times\n", i.Ratio)
	}
	if j := r.Join; j != nil {
		fmt.Fprintf(w, "join\t%d a second, %d in all\tp50 %.1f ms, p99 %.1f ms\n", j.PerSecond, j.Joins, j.P50Millis, j.P99Millis)
	}
	if f := r.Flash; f != nil {
		fmt.Fprintf(w, "flash\t%d in one second\t%d failures, p50 %.0f ms, p99 %.0f ms\n", f.Joins, f.Failures, f.P50Millis, f.P99Millis)
	}
}
