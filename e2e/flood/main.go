//go:build linux

// Flood measures what a flood of handshakes from one address does to the joins of others.
//
// It starts a tracker and joins it from many loopback addresses at a steady rate, from dial to roster. In every third phase
// nothing else goes on; in every third one more address asks the tracker for fifty times as many sockets, which its bucket refuses; and
// between these the same flood asks a listener in its own process. That is the control: who floods would have a machine of his own, and
// here takes part of this one. For the same reason the flood is a process that has the processor only while nobody else wants it.
// What is left between the two is what refusing costs the tracker's viewers. Phases take turns, so that what else goes on meets all alike,
// and compared is the middle one of the phases' p99s, which a moment in which the machine did something else does not move.
// Counted are the joins that failed, and the handshakes of the flood that were refused with Retry-After; a flood that was not
// refused is no flood, and fails.
//
//	go run ./e2e/flood [-json] [-rate 40] [-times 50] [-rounds 20] [-seconds 3] PROGRAM
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/shoal-live/shoal/e2e/attack"
	"github.com/shoal-live/shoal/e2e/process"
	"github.com/shoal-live/shoal/tracker/store/redistest"
)

// report is what was measured.
type report struct {
	JoinsPerSecond float64       `json:"joinsPerSecond"`
	FloodPerSecond float64       `json:"floodPerSecond"` // handshakes, while it lasted
	Quiet          attack.Spread `json:"quiet"`
	Beside         attack.Spread `json:"beside"` // a flood that asks somebody else
	Flooded        attack.Spread `json:"flooded"`
	P99Ratio       float64       `json:"p99Ratio"`      // of the last two, by the middle phase of each
	P99QuietRatio  float64       `json:"p99QuietRatio"` // flooded and quiet, likewise
	counts
	FailedJoins uint64  `json:"failedJoins"`
	Crowded     float64 `json:"crowded"`                    // share of the quiet phases in which something waited for a processor: near 1, others had the machine
	TrackerCPU  float64 `json:"trackerCPUPerRefusalMicros"` // beyond that beside a flood that asks somebody else
}

func main() {
	rate := flag.Float64("rate", 40, "joins of others each second")
	times := flag.Float64("times", 50, "handshakes of the flood for each of them")
	rounds := flag.Int("rounds", 20, "phases of each kind")
	seconds := flag.Float64("seconds", 3, "length of a phase")
	asJSON := flag.Bool("json", false, "print one JSON object")
	ask := flag.String("ask", "", "be the flood: the `address` to ask, or "+itself)
	flag.Parse()
	if *ask != "" {
		exit(attack.Be(false, func(ctx context.Context) (counts, error) { return flood(ctx, *ask, *rate**times) }))
	}
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "flood: want the program shoal as argument")
		os.Exit(2)
	}
	r, err := measure(flag.Arg(0), *rate, *times, *rounds, time.Duration(*seconds*float64(time.Second)))
	if err != nil {
		exit(err)
	}
	if *asJSON {
		json.NewEncoder(os.Stdout).Encode(r)
	} else {
		r.table(os.Stdout)
	}
	if r.FailedJoins > 0 || r.P99Ratio > 1.2 {
		os.Exit(1)
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "flood:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (r report) table(out io.Writer) {
	fmt.Fprintf(out, "joins of others  %6.0f /s, %d failed\n", r.JoinsPerSecond, r.FailedJoins)
	fmt.Fprintf(out, "flood            %6.0f /s: %d refused with Retry-After, %d let in by their bucket, %d unanswered\n",
		r.FloodPerSecond, r.Refused, r.Admitted, r.Unanswered)
	fmt.Fprintf(out, "join to roster      p50    p95    p99   most   middle phase's p99 (ms)\n")
	for _, p := range []struct {
		name string
		attack.Spread
	}{{"quiet", r.Quiet}, {"beside", r.Beside}, {"flooded", r.Flooded}} {
		fmt.Fprintf(out, "  %-8s %5d  %6.2f %6.2f %6.2f %6.2f %6.2f\n", p.name, p.Count, p.P50, p.P95, p.P99, p.Most, p.MidP99)
	}
	fmt.Fprintf(out, "middle p99 flooded / beside a flood elsewhere %.2f, flooded / quiet %.2f; a refusal costs the tracker %.0f us of a core\n",
		r.P99Ratio, r.P99QuietRatio, r.TrackerCPU)
	fmt.Fprintf(out, "something waited for a processor in %.0f %% of the quiet time\n", 100*r.Crowded)
}

func measure(program string, rate, times float64, rounds int, length time.Duration) (r report, err error) {
	address, err := redistest.FreeAddress()
	if err != nil {
		return r, err
	}
	tracker, err := process.StartServer(context.Background(), "http://"+address+"/readyz",
		program, "tracker", "-http", address, "-admin", "127.0.0.1:0", "-stun", "", "-log", "warn")
	if err != nil {
		return r, err
	}
	defer tracker.Stop()
	http.DefaultClient.CloseIdleConnections()
	var took [3][][]time.Duration // by kind and phase
	var cpu [3]time.Duration
	var waited time.Duration
	var f counts
	settle := others{address: address, rate: rate}
	settle.run(length) // what is cold is warm then
	for phase := range 3 * rounds {
		kind := phase % 3
		o := others{address: address, rate: rate}
		var flood *attack.Process
		if asked := [...]string{"", itself, address}[kind]; asked != "" {
			if flood, err = startFlood(asked, rate, times); err != nil {
				return r, err
			}
		}
		before, err := tracker.ProcessorTime()
		if err != nil {
			return r, err
		}
		pressure := attack.Waited()
		o.run(length)
		pressure = attack.Waited() - pressure
		var c counts
		if flood != nil {
			if c, err = attack.End[counts](flood); err != nil {
				return r, err
			}
		}
		switch kind {
		case 0:
			waited += pressure
		case 2:
			f.add(c)
		}
		after, err := tracker.ProcessorTime()
		if err != nil {
			return r, err
		}
		cpu[kind] += after - before
		took[kind] = append(took[kind], o.took)
		r.FailedJoins += o.failed
	}
	in := float64(rounds) * length.Seconds()
	r.FloodPerSecond = float64(f.Refused+f.Admitted+f.Unanswered) / in
	r.Crowded = min(1, waited.Seconds()/in)
	r.Quiet, r.Beside, r.Flooded = attack.SpreadOf(took[0]...), attack.SpreadOf(took[1]...), attack.SpreadOf(took[2]...)
	r.JoinsPerSecond = float64(r.Quiet.Count) / in
	r.P99Ratio, r.P99QuietRatio = r.Flooded.MidP99/r.Beside.MidP99, r.Flooded.MidP99/r.Quiet.MidP99
	r.counts = f
	if r.Refused < uint64(in*rate*times/2) {
		return r, fmt.Errorf("only %d handshakes were refused in %.0f s: that is no flood (%d let in, %d unanswered)", r.Refused, in, r.Admitted, r.Unanswered)
	}
	r.TrackerCPU = float64((cpu[2] - cpu[1]).Microseconds()) / float64(r.Refused)
	return r, nil
}
