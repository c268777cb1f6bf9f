package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/shoal-live/shoal/origin"
	"github.com/shoal-live/shoal/origin/audience"
)

// lean is how much an origin lets lie before it is collected, in hundredths of what lives, unless GOGC in the environment says
// otherwise. Nearly all that lives is media, which holds no pointers and costs nothing to collect around; see docs/decisions/0025.
const lean = 25

// defaultData is the folder of an origin unless it is told another.
const defaultData = "data"

func runOrigin(ctx context.Context, args []string, out io.Writer) error {
	flags := newFlags("origin [flags]", "Runs an origin: RTMP and WHIP in, low-latency HLS out, to edges.", out)
	desk := newDesk(flags)
	http := door{flag: "http"}
	var config origin.Config
	desk.bounds = &bounds{all: files() / 2, idle: idleTime} // the rest is for broadcasters, and what is written of streams
	bounded := boundFlags(flags, desk.bounds)
	flags.StringVar(&http.address, "http", ":8081", "`address` for edges, and for WHIP")
	flags.DurationVar(&config.PartDuration, "part", 333*time.Millisecond, "`time` that a part lasts at most")
	flags.DurationVar(&config.SegmentDuration, "segment", 2*time.Second, "`time` that a segment lasts at least")
	flags.IntVar(&config.WindowSegments, "window", 8, "`segments` listed in a playlist")
	flags.StringVar(&config.Twin, "twin", "", "base `URL` of another origin that takes the same broadcasts; each stands by for the other")
	seed := flags.String("seed-file", "", "`file` whose content makes the keys that chunks are signed with, the same for both origins")
	var trackers list
	flags.Var(&trackers, "tracker-stats", "`URLs` of what all trackers tell of viewers, with commas, like http://HOST/api/v1/swarm: the API joins it to the streams")
	ingest, checked := ingestFlags(flags, &config)
	if err := flags.parseOnly(args); err != nil {
		return err
	}
	if *seed != "" {
		b, err := os.ReadFile(*seed)
		if err != nil {
			return flags.fail("seed-file", "%v", err)
		}
		config.Seed = bytes.TrimSpace(b)
		if len(config.Seed) < 16 {
			return flags.fail("seed-file", "%s holds %d bytes; make one of at least 16: openssl rand -hex 32 > %s", *seed, len(config.Seed), *seed)
		}
	}
	if config.Twin != "" && *seed == "" {
		return flags.refuse("twin", "the other origin must sign alike: give both the same -seed-file")
	}
	half := config.SegmentDuration / 2
	if err := errors.Join(
		flags.addresses("tcp", "http", "admin", "rtmp", "rtmps", "webrtc"), flags.addresses("udp", "webrtc"),
		flags.lasts("segment", time.Second, 10*time.Second, time.Second),
		flags.lasts("part", 100*time.Millisecond, max(half, 500*time.Millisecond), 0),
		flags.between(4, 10_000, "window"),
		bounded(), checked(),
	); err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(lean)
	}
	oversleep()
	config.Registry, config.Log = desk.registry, desk.log
	if len(trackers) > 0 {
		watched, err := audience.New(trackers, nil, desk.log)
		if err != nil {
			return flags.refuse("tracker-stats", "want URLs of trackers' figures, like http://HOST/api/v1/swarm")
		}
		config.Audience = watched.Of
	}
	service, err := newOrigin(config)
	if err != nil {
		return err
	}
	desk.issue(service)
	tasks := []task{func(ctx context.Context) error {
		if err := service.Listen(ctx); err != nil { // before the log says that it serves
			return explain(err, ingest()...)
		}
		return desk.runAs(ctx, http, service, aheadOf(service), ingest()...)
	}}
	if !config.Record && config.DVR == 0 { // else who waits for the disk would have the others wait for a moment too
		tasks = append(tasks, paceProcessors)
	}
	return together(ctx, tasks...)
}

// newOrigin makes an origin. What it says of its Config is of the command line.
func newOrigin(config origin.Config) (*origin.Origin, error) {
	service, err := origin.New(config)
	if errors.Is(err, origin.ErrConfig) {
		return nil, usageError(err.Error())
	}
	return service, err
}
