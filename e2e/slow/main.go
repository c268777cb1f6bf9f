//go:build linux

// Slow measures what a thousand viewers that read next to nothing, and a thousand connections that say next to nothing, do to the others at an edge.
//
// It starts an edge before an origin of its own and asks for parts from many loopback addresses at a steady rate, on connections that stay, from when each was to
// be asked for to its last byte. In every third phase nothing else goes on; in every third one a process more holds slow connections to the edge: readers
// that ask for a large object and take a kilobyte a second of it, and headers that come a byte a second, each begun anew as soon as it is ended; and between these the
// same slow ones are held to a listener of their own process, which ends them as an edge would. That is the control: attackers would have a machine of their own, and here take part of this
// one. For the same reason that process has the processor only while nobody else wants it. What is left between the two is what slow ones cost an edge's
// viewers. Compared is the middle one of the phases' p99s. Counted are requests that failed, and the slow ones that the edge ended: where it ended none, nothing was
// defended, and it fails.
//
//	go run ./e2e/slow [-json] [-rate 200] [-readers 1000] [-headers 1000] [-rounds 5] [-seconds 15] PROGRAM
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/shoal-live/shoal/e2e/process"
)

const (
	partPath  = "/live/demo/v0/1700000000/s12.3.m4s" // 83 KB
	largePath = "/live/demo/v0/1700000000/s12.m4s"   // 1 MB
)

// report is what was measured.
type report struct {
	RequestsPerSecond float64 `json:"requestsPerSecond"`
	Quiet             spread  `json:"quiet"`
	Beside            spread  `json:"beside"` // slow ones that somebody else has
	Attacked          spread  `json:"attacked"`
	P99Ratio          float64 `json:"p99Ratio"` // of the last two, by the middle phase of each
	counts
	Failed int     `json:"failed"`
	Memory int     `json:"memoryBytes"`   // of the edge, at the end of the last attack
	Core   float64 `json:"corePerAttack"` // of a core that the edge used more beside the attack than beside one elsewhere
}

// spread is how long requests took, in milliseconds.
type spread struct {
	Requests int     `json:"requests"`
	P50      float64 `json:"p50"`
	P99      float64 `json:"p99"`
	MidP99   float64 `json:"midP99"` // of the phases' own p99s the middle one
	Most     float64 `json:"most"`
}

func spreadOf(phases [][]time.Duration) spread {
	took := slices.Concat(phases...)
	if len(took) == 0 {
		return spread{}
	}
	slices.Sort(took)
	var own []float64
	for _, phase := range phases {
		slices.Sort(phase)
		own = append(own, at(phase, 0.99))
	}
	slices.Sort(own)
	return spread{len(took), at(took, 0.50), at(took, 0.99), own[len(own)/2], at(took, 1)}
}

// at returns in milliseconds what a share of sorted times is below.
func at(took []time.Duration, share float64) float64 {
	if len(took) == 0 {
		return 0
	}
	return float64(took[min(len(took)-1, int(share*float64(len(took))))].Microseconds()) / 1000
}

func main() {
	rate := flag.Float64("rate", 200, "requests of others each second")
	readers := flag.Int("readers", 1000, "slow readers")
	headers := flag.Int("headers", 1000, "slow headers")
	rounds := flag.Int("rounds", 5, "phases of each kind")
	seconds := flag.Float64("seconds", 15, "length of a phase")
	asJSON := flag.Bool("json", false, "print one JSON object")
	on := flag.String("on", "", "be the slow ones: the `address` to connect to, or "+itself)
	flag.Parse()
	if *on != "" {
		err := giveWay()
		if err == nil {
			var c counts
			if c, err = attack(*on, *readers, *headers); err == nil {
				err = json.NewEncoder(os.Stdout).Encode(c)
			}
		}
		exit(err)
	}
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "slow: want the program shoal as argument")
		os.Exit(2)
	}
	r, err := measure(flag.Arg(0), *rate, *readers, *headers, *rounds, time.Duration(*seconds*float64(time.Second)))
	if err != nil {
		exit(err)
	}
	if *asJSON {
		json.NewEncoder(os.Stdout).Encode(r)
	} else {
		r.table(os.Stdout)
	}
	if r.Failed > 0 || r.P99Ratio > 1.2 {
		os.Exit(1)
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "slow:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (r report) table(out io.Writer) {
	fmt.Fprintf(out, "requests of others %6.0f /s, %d failed\n", r.RequestsPerSecond, r.Failed)
	fmt.Fprintf(out, "slow readers %6d begun, %d ended by the edge; slow headers %d begun, %d ended\n", r.Readers, r.ReadersEnded, r.Headers, r.HeadersEnded)
	fmt.Fprintf(out, "request to last byte   p50     p99    most   middle phase's p99 (ms)\n")
	for _, p := range []struct {
		name string
		spread
	}{{"quiet", r.Quiet}, {"beside", r.Beside}, {"attacked", r.Attacked}} {
		fmt.Fprintf(out, "  %-8s %7d  %6.2f  %6.2f  %6.2f  %6.2f\n", p.name, p.Requests, p.P50, p.P99, p.Most, p.MidP99)
	}
	fmt.Fprintf(out, "middle p99 attacked / beside an attack elsewhere %.2f; the edge used %.3f of a core more, and has %d MB\n", r.P99Ratio, r.Core, r.Memory>>20)
}

// origin has the two objects.
func origin() (address string, end func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	part, large := make([]byte, 83<<10), make([]byte, 1<<20)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		body := part
		if r.URL.Path == largePath {
			body = large
		}
		w.Write(body)
	})}
	go server.Serve(listener)
	return listener.Addr().String(), func() { server.Close() }, nil
}

func measure(program string, rate float64, readers, headers, rounds int, length time.Duration) (r report, err error) {
	source, end, err := origin()
	if err != nil {
		return r, err
	}
	defer end()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return r, err
	}
	address := free.Addr().String()
	free.Close()
	edge, err := process.StartServer(context.Background(), "http://"+address+"/readyz",
		program, "edge", "-http", address, "-admin", "127.0.0.1:0", "-origins", "http://"+source, "-log", "warn")
	if err != nil {
		return r, err
	}
	defer edge.Stop()
	http.DefaultClient.CloseIdleConnections()
	var took [3][][]time.Duration // by kind and phase
	var cpu [3]time.Duration
	v := newViewers(address, rate)
	defer v.close()
	v.run(2 * time.Second) // what is cold is warm then
	v.failed = 0
	for phase := range 3 * rounds {
		kind := phase % 3
		end := func() (counts, error) { return counts{}, nil }
		if on := [...]string{"", itself, address}[kind]; on != "" {
			if end, err = begin(on, readers, headers); err != nil {
				return r, err
			}
		}
		before, err := edge.ProcessorTime()
		if err != nil {
			return r, err
		}
		took[kind] = append(took[kind], v.run(length))
		after, err := edge.ProcessorTime()
		if err != nil {
			return r, err
		}
		if kind == 2 {
			r.Memory, _ = edge.Resident()
		}
		c, err := end()
		if err != nil {
			return r, err
		}
		if kind == 2 {
			r.counts.add(c)
		}
		cpu[kind] += after - before
	}
	r.Failed = v.failed
	r.Quiet, r.Beside, r.Attacked = spreadOf(took[0]), spreadOf(took[1]), spreadOf(took[2])
	in := float64(rounds) * length.Seconds()
	r.RequestsPerSecond = float64(r.Quiet.Requests) / in
	r.P99Ratio = r.Attacked.MidP99 / r.Beside.MidP99
	r.Core = (cpu[2] - cpu[1]).Seconds() / in
	if length > 15*time.Second && (r.ReadersEnded == 0 || r.HeadersEnded == 0) || r.Readers < readers*rounds || r.Headers < headers*rounds {
		return r, fmt.Errorf("%d of %d slow readers and %d of %d slow headers were ended: nothing was defended", r.ReadersEnded, r.Readers, r.HeadersEnded, r.Headers)
	}
	if v.why != nil {
		fmt.Fprintln(os.Stderr, "slow: a request failed:", strings.TrimSpace(v.why.Error()))
	}
	return r, nil
}
