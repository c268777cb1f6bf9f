//go:build linux

// Origin measures an origin from outside: what a stream costs it of a processor and in memory, how old parts are when
// they appear, and how soon after its first byte a broadcast can be played.
//
//	origin -shoal bin/shoal -clip .cache/origin.mp4 [-json]
//
// The origin is a process of its own; its memory and processor time are read from /proc, so what the broadcasters and
// readers here take is in no figure but the waiting times. Broadcasts are of one file, encoded once: each begins at
// another of its key frames, and the beginnings are spread over two seconds, so that key frames do not coincide. Each
// stream has one reader, which asks as an edge does, and fails unless every part comes, without a discontinuity.
//
// A part's age is counted from when its first frame was about to be written to the socket, until the playlist that
// lists it is here. A stream can be played when both playlists are here, the second with a segment; that counts from
// the TCP connection by RTMP, and from the POST by WHIP.
//
//	origin siege -shoal bin/shoal
//
// puts a stream beside a thousand hostile connections (foe.go) and fails unless it goes on as if there were none.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// config is the flags.
type config struct {
	shoal, clip     string
	json            bool
	streams         int
	fill            time.Duration // streams run before anything is measured
	measured        time.Duration
	control         time.Duration
	cameras         int
	cpu, heap, gone string // files for profiles, taken in the measured time and at its end
	flags           []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "relay":
			exit(relay(os.Args[2:]))
		case "siege":
			exit(besiege(ctx, os.Args[2:], os.Stdout))
		case "broadcast":
			exit(broadcast(ctx, os.Args[2:]))
		case "strict":
			exit(readStrictly(os.Stdin, os.Stdout))
		}
	}
	var c config
	var seconds [3]int
	var flags string
	flag.StringVar(&c.shoal, "shoal", "bin/shoal", "`program` of the origin")
	flag.StringVar(&c.clip, "clip", ".cache/origin.mp4", "`file` that is broadcast; it is made if it is not there")
	flag.BoolVar(&c.json, "json", false, "print one JSON object and no table")
	flag.IntVar(&c.streams, "streams", 30, "`streams` at once")
	flag.IntVar(&seconds[0], "fill", 60, "`seconds` that streams run before they are measured")
	flag.IntVar(&seconds[1], "seconds", 30, "`seconds` that are measured")
	flag.IntVar(&seconds[2], "control", 15, "`seconds` that the control is measured")
	flag.IntVar(&c.cameras, "whip", 5, "broadcasts by WHIP, one after the other")
	flag.StringVar(&c.cpu, "cpuprofile", "", "`file` for a processor profile of the measured time")
	flag.StringVar(&c.heap, "heapprofile", "", "`file` for a profile of what is in memory then")
	flag.StringVar(&c.gone, "allocprofile", "", "`file` for a profile of what was allocated until then")
	flag.StringVar(&flags, "flags", "", "`flags` for the origin, with spaces")
	flag.Parse()
	c.fill, c.measured, c.control = time.Duration(seconds[0])*time.Second, time.Duration(seconds[1])*time.Second, time.Duration(seconds[2])*time.Second
	c.flags = strings.Fields(flags)
	if c.streams < 1 || c.measured < time.Second {
		exit(fmt.Errorf("-streams wants 1 or more, -seconds too"))
	}
	exit(run(ctx, c, os.Stdout))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "origin:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run measures the one after the other.
func run(ctx context.Context, c config, out io.Writer) error {
	if err := makeClip(c.clip); err != nil {
		return err
	}
	clip, err := readClip(c.clip)
	if err != nil {
		return err
	}
	r := report{Streams: c.streams, BitsPerSecond: int(float64(clip.bytes*8) / clip.length.Seconds()), Seconds: c.measured.Seconds(), Flags: c.flags}
	crowded := newCrowding()
	if c.control > 0 {
		share, err := measureControl(ctx, clip, c.streams, c.control)
		if err != nil {
			return err
		}
		r.ControlCPUPercentPerStream = rounded(100*share/float64(c.streams), 4)
	}
	h, err := openHouse(ctx, c.shoal, c.flags)
	if err != nil {
		return err
	}
	defer h.close()
	if err := r.measureStreams(ctx, c, h, clip); err != nil {
		return fmt.Errorf("%w\n%s", err, h.Told())
	}
	if err := r.measureCameras(ctx, c, h, clip); err != nil {
		return fmt.Errorf("%w\n%s", err, h.Told())
	}
	if r.ControlCPUPercentPerStream > 0 {
		r.CPURatio = rounded(r.CPUPercentPerStream/r.ControlCPUPercentPerStream, 2)
	}
	r.WaitedPercent = crowded.percent()
	if c.json {
		return json.NewEncoder(out).Encode(r)
	}
	r.table(out)
	return nil
}
