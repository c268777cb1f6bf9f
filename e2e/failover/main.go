//go:build linux

// Command failover takes away what edges rest on, and one of the edges, and looks at what viewers notice. Origins and edges are real
// processes of the program; viewers are HTTP clients that do what players do: they hold a reload for the next part, fetch the
// part once it is listed, try again after an error, and go on at another edge from the byte they have.
//
//   - one of two edges is killed while 200 viewers are in the midst of a chunk
//   - the only origin is killed, and started again after ten seconds
//   - one of two origins for one broadcast is frozen
//   - twice as many bytes are asked for as an edge may hold, and more than that by viewers who read next to nothing
//   - likewise of an edge with a disk tier, which is killed in between
//
// It prints a line for each and, with -json, one object last; it ends with status 1 when a bound does not hold, or when there was no
// fault.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

// result is what a phase did.
type result struct {
	Phase   string             `json:"phase"`
	Faults  int                `json:"faults"` // what was injected, by how many it was met
	Figures map[string]float64 `json:"figures"`
	Bound   string             `json:"bound,omitempty"` // what did not hold
}

func (r *result) fail(format string, args ...any) {
	if r.Bound == "" {
		r.Bound = fmt.Sprintf(format, args...)
	}
}

// stand is what a phase starts from.
type stand struct {
	program string
	slack   float64 // bounds of time are multiplied by it
}

func (s stand) bound(d time.Duration) time.Duration { return time.Duration(float64(d) * s.slack) }

type phase struct {
	name string
	run  func(context.Context, stand) (result, error)
}

var phases = []phase{
	{"edge killed", edgeKilled},
	{"origin away", originAway},
	{"origin frozen", originFrozen},
	{"memory", memory},
	{"disk", disk},
}

func main() {
	program := flag.String("shoal", "bin/shoal", "the program")
	only := flag.String("only", "", "of the phases those whose names hold this text")
	slack := flag.Float64("slack", 1, "factor for bounds of time, where the machine has other work")
	asJSON := flag.Bool("json", false, "print one JSON object last")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	status := 0
	var results []result
	for _, p := range phases {
		if !strings.Contains(p.name, *only) {
			continue
		}
		r, err := p.run(ctx, stand{*program, *slack})
		if err != nil {
			fmt.Fprintln(os.Stderr, "failover:", p.name+":", err)
			os.Exit(1)
		}
		r.Phase = p.name
		if r.Faults == 0 {
			r.fail("no fault was injected")
		}
		results = append(results, r)
		fmt.Printf("%-14s %s", p.name, r)
		if r.Bound != "" {
			status = 1
		}
	}
	if *asJSON {
		json.NewEncoder(os.Stdout).Encode(map[string]any{"phases": results})
	}
	os.Exit(status)
}

func (r result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d faults", r.Faults)
	for _, name := range sorted(r.Figures) {
		fmt.Fprintf(&b, "  %s %.4g", name, r.Figures[name])
	}
	if r.Bound != "" {
		fmt.Fprintf(&b, "  BOUND: %s", r.Bound)
	}
	return b.String() + "\n"
}
