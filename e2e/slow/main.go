//go:build linux

// Slow measures what a thousand viewers that read next to nothing, and a thousand connections that say next to nothing, do to the others
// at an edge.
//
// It starts two edges before one origin with a live stream, and has viewers at both: parts of 83 and 250 kB and the playlist are asked
// for at a low rate, at times and at an edge that chance tells, whatever became of those before, and reloads are held until the next part
// is there. How long they take is counted from when they were to be asked, or that part was there, to the last byte. By turns there are
// no slow ones, or a process has them at the one edge or at the other: readers that ask for a large object and take a kilobyte a second
// of it, and headers that come a byte a second, each begun anew as soon as it is ended. Compared is the p99 of the edge that has them
// with that of the edge beside it at the same time: whatever else the machine does, and what the slow ones take of it themselves, meets
// both. The same ratio while there are none tells how much of it is noise.
//
// It fails where requests failed, where the ratio is more than 1.2, and where slow ones were not there, or were not ended when they
// should be.
//
//	go run ./e2e/slow [-json] [-rate 200] [-readers 1000] [-headers 1000] [-rounds 2] [-quiet 4s] [-length 15s] PROGRAM
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/shoal-live/shoal/e2e/attack"
)

const (
	mostRatio   = 1.2
	mostCrowded = 0.5  // with more, one hiccup is a p99
	readersHave = 17.0 // s: ten for it to be told, a look before and one after, and two until they see it
	headersHave = 13.0 // likewise, without looks
)

func main() {
	var p plan
	flag.Float64Var(&p.rate, "rate", 200, "requests of others each second, reloads not counted")
	flag.IntVar(&p.readers, "readers", 1000, "slow readers")
	flag.IntVar(&p.headers, "headers", 1000, "slow headers")
	flag.DurationVar(&p.arrival, "arrival", 2*time.Second, "`time` in which they come")
	flag.IntVar(&p.segment, "segment", 1448,
		"`bytes` of a packet to them, as on Ethernet; 0: as on loopback, 64 kB, of which the kernel holds ten or more for each")
	flag.BoolVar(&p.insists, "insist", false,
		"the slow ones do not give way to all else: where processors are never idle, they would not be there")
	flag.IntVar(&p.rounds, "rounds", 2, "times that each edge has them")
	flag.DurationVar(&p.quiet, "quiet", 4*time.Second, "`time` without them before each")
	flag.DurationVar(&p.length, "length", 15*time.Second, "`time` with them; they are ended after 10 to 15 s")
	asJSON := flag.Bool("json", false, "print one JSON object")
	on := flag.String("on", "", "be the slow ones at this `address`")
	flag.Parse()
	if *on != "" {
		exit(attack.Be(p.insists, func(ctx context.Context) (outcome, error) { return p.attack(ctx, *on) }))
	}
	if flag.NArg() != 1 || p.rounds < 1 {
		fmt.Fprintln(os.Stderr, "slow: want the program shoal as argument, and a round or more")
		os.Exit(2)
	}
	p.program = flag.Arg(0)
	began := time.Now()
	say := func(what string) { fmt.Fprintf(os.Stderr, "slow: %3.0f s, %s\n", time.Since(began).Seconds(), what) }
	say(fmt.Sprintf("this takes %.0f s", p.lasts().Seconds()))
	phases, v, err := p.measure(say)
	if err != nil {
		exit(err)
	}
	r := reportOf(phases)
	r.Failed, r.Seconds = v.failed, time.Since(began).Seconds()
	if *asJSON {
		json.NewEncoder(os.Stdout).Encode(r)
	} else {
		r.table(os.Stdout)
	}
	exit(r.judge(p, v.why))
}

// judge tells what is not as it should be.
func (r report) judge(p plan, why error) error {
	reader, header := max(r.Readers.Most, r.Readers.Oldest), max(r.Headers.Most, r.Headers.Oldest)
	switch {
	case r.Failed > 0:
		return fmt.Errorf("%d requests of others failed, such as: %w", r.Failed, why)
	case r.Readers.Absent+r.Headers.Absent > 0:
		return fmt.Errorf("%d readers and %d headers never were there: the edge has no room for them, or the machine no time (see -insist)",
			r.Readers.Absent, r.Headers.Absent)
	case p.length >= 15*time.Second && (r.Readers.Ended < p.readers || r.Headers.Ended < p.headers):
		return fmt.Errorf("%d readers and %d headers were ended: nothing was defended", r.Readers.Ended, r.Headers.Ended)
	case reader > readersHave || header > headersHave:
		return fmt.Errorf("a slow reader had %.1f s, a slow header %.1f", reader, header)
	case r.P99Ratio > mostRatio && r.Crowded > mostCrowded:
		return fmt.Errorf("the p99 of others is %.2f of what it is beside, but others have this machine: that tells nothing", r.P99Ratio)
	case r.P99Ratio > mostRatio:
		return fmt.Errorf("the p99 of others is %.2f of what it is beside", r.P99Ratio)
	}
	return nil
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "slow:", err)
		os.Exit(1)
	}
	os.Exit(0)
}
