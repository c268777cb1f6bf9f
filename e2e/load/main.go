//go:build linux

// Load measures a tracker from outside: what an idle viewer costs it in memory, how many viewers a core introduces
// to each other in a second, and how long joining takes, one at a time and all at once. Beside it, with the same
// exchange, it measures the WebSocket tracker of bittorrent-tracker from npm.
//
//	load -shoal bin/shoal -peer e2e/bench/peertracker.mjs [-json]
//
// Each tracker is a process of its own, started for one phase; its memory and processor time are read from /proc, so
// that what load itself takes is in no figure but the waiting times. Viewers are sockets with a few lines of WebSocket
// of their own, and come from many loopback addresses. Every phase counts what arrived, and fails unless that is all
// that was asked for, at the viewer for whom it was meant.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// patience bounds each phase: one that has not ended by then has failed.
const patience = 3 * time.Minute

// config is the flags.
type config struct {
	shoal, peer string // the programs; no peer: it is not measured
	json        bool
	phases      string
	idle        int // viewers of the largest step of one holder
	trackers    int // idle holders at once
	introduced  int // viewers that are introduced
	runs        int // of each introduction; the median is told
	joins       int // each second
	flash       int // joins in one second
	profile     string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "hold" {
		exit(hold(os.Args[2:]))
	}
	var c config
	flag.StringVar(&c.shoal, "shoal", "bin/shoal", "`program` of the tracker")
	flag.StringVar(&c.peer, "peer", "", "`script` that starts bittorrent-tracker; empty: it is not measured")
	flag.BoolVar(&c.json, "json", false, "print one JSON object and no table")
	flag.StringVar(&c.phases, "phases", "idle,introductions,trickled,peer,join,flash", "`phases` to run, with commas")
	flag.IntVar(&c.idle, "idle", 15000, "idle `viewers` on a tracker")
	flag.IntVar(&c.trackers, "trackers", 1, "`trackers` that hold so many at once, each a process")
	flag.IntVar(&c.introduced, "introduced", 10000, "`viewers` that are introduced to 8 others each")
	flag.IntVar(&c.runs, "runs", 3, "`times` that is done; the median is told")
	flag.IntVar(&c.joins, "joins", 1000, "`joins` each second")
	flag.IntVar(&c.flash, "flash", 5000, "`joins` within one second")
	flag.StringVar(&c.profile, "profile", "", "`file` for the tracker's processor profile of the introductions' first seconds")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(run(ctx, c, os.Stdout))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run runs the phases one after the other.
func run(ctx context.Context, c config, out io.Writer) error {
	r := report{Introductions: introductions{Viewers: c.introduced, Links: wanted}}
	phases := []struct {
		name string
		run  func(context.Context, config) error
	}{
		{"idle", r.measureIdle},
		{"introductions", r.measureIntroductions},
		{"trickled", r.measureTrickled},
		{"peer", r.measurePeer},
		{"join", r.measureJoin},
		{"flash", r.measureFlash},
	}
	wanted := strings.Split(c.phases, ",")
	for _, p := range phases {
		if !slices.Contains(wanted, p.name) {
			continue
		}
		if err := p.run(ctx, c); err != nil {
			r.table(os.Stderr) // what there is
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if i := &r.Introductions; i.PeerPerCoreSecond > 0 {
		i.Ratio = i.PerCoreSecond / i.PeerPerCoreSecond
	}
	if c.json {
		return json.NewEncoder(out).Encode(r)
	}
	r.table(out)
	return nil
}
