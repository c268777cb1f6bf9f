package main

import (
	"context"
	"io"
	"time"

	"github.com/shoal-live/shoal/origin"
)

func runOrigin(ctx context.Context, args []string, out io.Writer) error {
	flags := newFlags("origin [flags]", "Runs an origin: RTMP and WHIP in, low-latency HLS out, to edges.", out)
	desk := newDesk(flags)
	http := door{flag: "http"}
	var config origin.Config
	flags.StringVar(&http.address, "http", ":8081", "`address` for edges, and for WHIP")
	flags.DurationVar(&config.PartDuration, "part", 333*time.Millisecond, "`length` of a part")
	flags.DurationVar(&config.SegmentDuration, "segment", 2*time.Second, "least `length` of a segment")
	flags.IntVar(&config.WindowSegments, "window", 10, "`segments` listed in a playlist")
	ingest := ingestFlags(flags, &config)
	if err := flags.parseOnly(args); err != nil {
		return err
	}
	config.Registry, config.Log = desk.registry, desk.log
	service, err := origin.New(config)
	if err != nil {
		return err
	}
	return desk.run(ctx, http, service, ingest()...)
}

// ingestFlags defines the flags of an origin that shoal up has too. The doors are known once the flags are parsed.
func ingestFlags(flags *flagSet, config *origin.Config) (doors func() []door) {
	flags.StringVar(&config.Data, "data", "data", "`folder` for keys and the state of streams")
	flags.StringVar(&config.RTMPAddr, "rtmp", ":1935", "`address` for broadcasters with RTMP")
	flags.StringVar(&config.WebRTCAddr, "webrtc", ":8189", "UDP `address` for broadcasters with WHIP")
	flags.Var((*list)(&config.PublicIPs), "public-ip", "`addresses` to tell WHIP broadcasters behind NAT or in containers, with commas")
	flags.DurationVar(&config.Grace, "grace", time.Minute, "`time` a broadcaster has to come back into the same stream")
	return func() []door {
		return []door{{"rtmp", config.RTMPAddr}, {"webrtc", config.WebRTCAddr}}
	}
}
