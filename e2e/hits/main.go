//go:build linux

// Hits measures an edge from outside, beside nginx and Varnish as caches before the same origin: how many requests a second of the
// processor answers from memory, how long a crowd waits for an object that none of them has, and how soon ten thousand
// held playlist reloads are answered when the part that they wait for is born.
//
//	hits -shoal bin/shoal [-json]
//
// Each server is a process with one core (they share it; one at a time has work), and a configuration as one would write it for
// live video. What a server takes is the processor time of all its processes, as the kernel counts it, so what the origin and the
// viewers here take is in no figure but the waiting times. Servers take turns of a second or so, and the medians of the turns are
// told: what else the machine does is shared by all.
//
// Viewers read what comes and keep none of it, in one loop that never sleeps while hits are measured, so that no server pays for waking
// it. Of each object the bytes are compared once at each server.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/shoal-live/shoal/token"
)

// config is the flags.
type config struct {
	shoal   string
	json    bool
	phases  string
	servers string
	cases   string
	rounds  int
	turn    time.Duration
	viewers int // at once, of hits
	herd    int
	held    int
	discard bool
	tokens  bool
	log     bool

	keys      *token.Keys // of viewers; nil: they need no token
	cert, key string      // files, for this run
}

func main() {
	var c config
	flag.StringVar(&c.shoal, "shoal", "bin/shoal", "`program` of the edge")
	flag.BoolVar(&c.json, "json", false, "print one JSON object and no table")
	flag.StringVar(&c.phases, "phases", "hits,herd,drip,release", "`phases` to run, with commas")
	flag.StringVar(&c.servers, "servers", "shoal,nginx,nginx-tuned,nginx-bare,varnish", "`servers` that are measured, with commas; of the three nginxes only the first has crowds")
	flag.StringVar(&c.cases, "cases", "", "`cases` of the hits, with commas; empty: all")
	flag.IntVar(&c.rounds, "rounds", 7, "`turns` of each server in each case; the medians are told")
	flag.DurationVar(&c.turn, "turn", 700*time.Millisecond, "how long a turn of hits is")
	flag.IntVar(&c.viewers, "viewers", 64, "`connections` that ask for what is cached")
	flag.IntVar(&c.herd, "herd", 1000, "`connections` that ask at once for what is not")
	flag.IntVar(&c.held, "held", 10000, "`connections` that wait for a part")
	flag.BoolVar(&c.discard, "discard", false, "viewers have the kernel throw bodies away, as if the network and they were endlessly fast")
	flag.BoolVar(&c.tokens, "tokens", false, "viewers of the edge need a token, which each shows in a header")
	flag.BoolVar(&c.log, "log", false, "the edge has an access log, in memory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, c, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "hits:", err)
		os.Exit(1)
	}
}

// run runs the phases one after the other.
func run(ctx context.Context, c config, out io.Writer) error {
	if err := settle(); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "hits-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if c.cert, c.key, err = certify(folder); err != nil {
		return err
	}
	if c.tokens {
		if c.keys, err = c.keys.With(token.EdDSA); err != nil {
			return err
		}
	}
	o, err := startOrigin()
	if err != nil {
		return err
	}
	defer o.stop()
	b := &bench{config: c, origin: o}
	defer b.stop()
	if err := b.start(ctx); err != nil {
		return err
	}
	wanted := strings.Split(c.phases, ",")
	for _, phase := range []struct {
		name string
		run  func(context.Context) error
	}{{"hits", b.measureHits}, {"herd", b.measureHerd}, {"drip", b.measureDrip}, {"release", b.measureRelease}} {
		if !slices.Contains(wanted, phase.name) {
			continue
		}
		if err := phase.run(ctx); err != nil {
			b.report.table(os.Stderr) // what there is
			return fmt.Errorf("%s: %w", phase.name, errors.Join(err, ctx.Err()))
		}
	}
	if c.json {
		if err := json.NewEncoder(out).Encode(b.report); err != nil {
			return err
		}
	} else {
		b.report.table(out)
	}
	if lines := b.report.missed(); len(lines) > 0 {
		return fmt.Errorf("not as it should be: %s", strings.Join(lines, "; "))
	}
	return nil
}
