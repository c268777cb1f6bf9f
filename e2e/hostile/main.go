// Command hostile is a viewer that poisons the swarm: it joins like any other, boasts of a wide uplink so that it is
// elected to bring many chunks, and flips a byte in every piece that it sends. The end-to-end tests put it among honest
// browsers.
//
// Twice a second it prints what it did so far, one JSON object a line: the names are those of a viewer's report, of
// which piecesTampered counts the bad pieces sent. It runs until SIGTERM.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/shoal-live/shoal/swarm/viewer"
)

const (
	interval = 500 * time.Millisecond
	boast    = 5000 // 50 Mbit/s, ten times what the others say
)

func main() {
	url := flag.String("url", "", "the stream's playlist or watch page")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *url); err != nil {
		fmt.Fprintln(os.Stderr, "hostile:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url string) error {
	v, err := viewer.New(viewer.Config{URL: url, P2P: true, Weight: boast, Tamper: flip})
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()
	out := json.NewEncoder(os.Stdout)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-tick.C:
			if err := out.Encode(v.Report()); err != nil {
				return err
			}
		}
	}
}

// flip returns a copy of the piece with its middle byte turned over: as long as the true one, and wrong.
func flip(piece []byte) []byte {
	bad := append([]byte(nil), piece...)
	if len(bad) > 0 {
		bad[len(bad)/2] ^= 0xff
	}
	return bad
}
