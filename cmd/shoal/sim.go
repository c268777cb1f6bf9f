package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/shoal-live/shoal/swarm/sim"
)

func simulate(ctx context.Context, args []string, out io.Writer) error {
	var about strings.Builder
	about.WriteString("Simulates a swarm in virtual time, with the scheduler that viewers run, and reports what its viewers got,\n" +
		"with the swarm and without. The same flags give the same report, byte for byte.\n\nScenarios:\n")
	for _, s := range sim.Scenarios() {
		fmt.Fprintf(&about, "  %-10s %s\n", s.Name, s.Text)
	}
	flags := newFlags("sim [flags]", strings.TrimSuffix(about.String(), "\n"), out)
	var config sim.Config
	flags.IntVar(&config.Viewers, "viewers", 200, "`viewers` at any time")
	flags.Uint64Var(&config.Seed, "seed", 1, "`number` from which all chance comes")
	flags.IntVar(&config.Seconds, "seconds", 60, "`seconds` that are measured")
	flags.StringVar(&config.Scenario, "scenario", "steady", "`name` of the world that is played")
	flags.IntVar(&config.CellSize, "cell-size", 0, "`viewers` in a cell (default the scenario's)")
	flags.IntVar(&config.Roots, "roots", 0, "`cells` that fetch from the edge and feed the others (default the tracker's)")
	asJSON := flags.Bool("json", false, "print one JSON object")
	if err := flags.parseOnly(args); err != nil {
		return err
	}
	if config.Viewers < 1 || config.Seconds < 1 || config.CellSize < 0 || config.Roots < 0 {
		return usageError("sim: want at least one viewer (-viewers), one second (-seconds), and neither a negative -cell-size nor negative -roots")
	}
	report, err := play(ctx, config)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(out).Encode(report)
	}
	return report.Table(out)
}

// play runs the simulation, which knows no context. When ctx ends first, the simulation ends with the program.
func play(ctx context.Context, config sim.Config) (sim.Report, error) {
	type outcome struct {
		report sim.Report
		err    error
	}
	done := make(chan outcome, 1)
	asking, over := context.WithCancel(ctx)
	var asks sync.WaitGroup
	asks.Go(func() { hugePages(asking) })
	defer asks.Wait()
	defer over()
	go func() {
		report, err := sim.Run(config)
		done <- outcome{report, err}
	}()
	select {
	case o := <-done:
		if o.err != nil { // which can only be of the config
			return o.report, usageError(o.err.Error())
		}
		return o.report, nil
	case <-ctx.Done():
		return sim.Report{}, errors.New("sim: interrupted")
	}
}
