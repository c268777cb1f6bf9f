// Flood measures what a flood of handshakes from one address does to the joins of others.
//
// It starts a tracker and joins it from many loopback addresses at a steady rate, from dial to roster. In every second
// phase one more address asks for fifty times as many sockets, which its bucket refuses. The quiet phases are the control, in the
// same run and on the same machine; phases alternate, so that what else goes on there meets both alike. Who floods is a process
// of its own and the last in line for the processor, since it would have a machine of its own: what is measured is what refusing costs
// the tracker. Counted are the joins that failed, and the handshakes of the flood that were refused with Retry-After; a flood
// that was not refused is no flood, and fails.
//
//	go run ./e2e/flood [-json] [-rate 40] [-times 50] [-rounds 20] [-seconds 3] PROGRAM
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"time"
)

// report is what was measured.
type report struct {
	JoinsPerSecond float64 `json:"joinsPerSecond"`
	FloodPerSecond float64 `json:"floodPerSecond"` // handshakes, while it lasted
	Quiet          spread  `json:"quiet"`
	Flooded        spread  `json:"flooded"`
	P99Ratio       float64 `json:"p99Ratio"`
	counts
	FailedJoins uint64  `json:"failedJoins"`
	Crowded     float64 `json:"crowded"`                    // share of the quiet phases in which something waited for a processor: near 1, others had the machine
	TrackerCPU  float64 `json:"trackerCPUPerRefusalMicros"` // beyond that of the quiet phases
}

// spread is how long joins took, in milliseconds.
type spread struct {
	Joins int     `json:"joins"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Most  float64 `json:"most"`
}

func spreadOf(took []time.Duration) spread {
	if len(took) == 0 {
		return spread{}
	}
	slices.Sort(took)
	at := func(p float64) float64 {
		return float64(took[min(len(took)-1, int(p*float64(len(took))))].Microseconds()) / 1000
	}
	return spread{len(took), at(0.50), at(0.95), at(0.99), at(1)}
}

func main() {
	rate := flag.Float64("rate", 40, "joins of others each second")
	times := flag.Float64("times", 50, "handshakes of the flood for each of them")
	rounds := flag.Int("rounds", 20, "phases with the flood, and as many without")
	seconds := flag.Float64("seconds", 3, "length of a phase")
	asJSON := flag.Bool("json", false, "print one JSON object")
	ask := flag.String("ask", "", "be the flood: the `address` to ask")
	flag.Parse()
	if *ask != "" {
		json.NewEncoder(os.Stdout).Encode(flood(*ask, *rate**times))
		return
	}
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "flood: want the program shoal as argument")
		os.Exit(2)
	}
	r, err := measure(flag.Arg(0), *rate, *times, *rounds, time.Duration(*seconds*float64(time.Second)))
	if err != nil {
		fmt.Fprintln(os.Stderr, "flood:", err)
		os.Exit(1)
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

func (r report) table(out io.Writer) {
	fmt.Fprintf(out, "joins of others  %6.0f /s, %d failed\n", r.JoinsPerSecond, r.FailedJoins)
	fmt.Fprintf(out, "flood            %6.0f /s: %d refused with Retry-After, %d let in by their bucket, %d unanswered\n",
		r.FloodPerSecond, r.Refused, r.Admitted, r.Unanswered)
	fmt.Fprintf(out, "join to roster      p50    p95    p99    most (ms)\n")
	for _, p := range []struct {
		name string
		spread
	}{{"quiet", r.Quiet}, {"flooded", r.Flooded}} {
		fmt.Fprintf(out, "  %-8s %5d  %6.2f %6.2f %6.2f %6.2f\n", p.name, p.Joins, p.P50, p.P95, p.P99, p.Most)
	}
	fmt.Fprintf(out, "p99 flooded / quiet %.2f; a refusal costs the tracker %.0f us of a core\n", r.P99Ratio, r.TrackerCPU)
	fmt.Fprintf(out, "something waited for a processor in %.0f %% of the quiet time\n", 100*r.Crowded)
}

func measure(program string, rate, times float64, rounds int, length time.Duration) (r report, err error) {
	address, tracker, err := start(program)
	if err != nil {
		return r, err
	}
	defer func() {
		tracker.Process.Signal(os.Interrupt)
		tracker.Wait()
	}()
	var took [2][]time.Duration
	var cpu [2]time.Duration
	var waited time.Duration
	var f counts
	settle := others{address: address, rate: rate}
	settle.run(length) // what is cold is warm then
	for phase := range 2 * rounds {
		o := others{address: address, rate: rate}
		end := func() (counts, error) { return counts{}, nil }
		if phase%2 == 1 {
			if end, err = startFlood(address, rate, times); err != nil {
				return r, err
			}
		}
		before := processor(tracker.Process.Pid)
		pressure := waiting()
		o.run(length)
		if phase%2 == 0 {
			waited += waiting() - pressure
		}
		c, err := end()
		if err != nil {
			return r, err
		}
		f.add(c)
		cpu[phase%2] += processor(tracker.Process.Pid) - before
		took[phase%2] = append(took[phase%2], o.took...)
		r.FailedJoins += o.failed
	}
	in := float64(rounds) * length.Seconds()
	r.JoinsPerSecond = float64(len(took[0])) / in
	r.FloodPerSecond = float64(f.Refused+f.Admitted+f.Unanswered) / in
	r.Crowded = min(1, waited.Seconds()/in)
	r.Quiet, r.Flooded = spreadOf(took[0]), spreadOf(took[1])
	r.P99Ratio = r.Flooded.P99 / r.Quiet.P99
	r.counts = f
	if r.Refused < uint64(in*rate*times/2) {
		return r, fmt.Errorf("only %d handshakes were refused in %.0f s: that is no flood (%d let in, %d unanswered)", r.Refused, in, r.Admitted, r.Unanswered)
	}
	r.TrackerCPU = float64((cpu[1] - cpu[0]).Microseconds()) / float64(r.Refused)
	return r, nil
}

// start starts a tracker on a free port and returns once it is ready.
func start(program string) (string, *exec.Cmd, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address := free.Addr().String()
	free.Close()
	tracker := exec.Command(program, "tracker", "-http", address, "-admin", "127.0.0.1:0", "-stun", "", "-log", "warn")
	tracker.Stderr = os.Stderr
	if err := tracker.Start(); err != nil {
		return "", nil, err
	}
	for range 100 {
		if answer, err := http.Get("http://" + address + "/readyz"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				http.DefaultClient.CloseIdleConnections()
				return address, tracker, nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	tracker.Process.Kill()
	tracker.Wait()
	return "", nil, errors.New("the tracker is not ready after 5 s")
}
