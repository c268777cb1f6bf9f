package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"strings"

	"github.com/shoal-live/shoal/swarm/viewer"
)

// A watched is the report of shoal watch: what the viewers got, and what they get without the swarm.
type watched struct {
	viewer.WatchReport
	Control *viewer.WatchReport `json:"control,omitempty"`
}

func watch(ctx context.Context, args []string, out io.Writer) error {
	flags := newFlags("watch [flags] URL",
		"Watches a stream with native viewers and reports what they got. The URL is that of a playlist\n"+
			"(http://HOST/live/NAME/index.m3u8) or of a watch page (http://HOST/watch/NAME). A server that does not answer yet is\n"+
			"waited for, 30 s. It ends with status 1 where no viewer played, or all were to join the swarm and no tracker let one in.", out)
	var config viewer.WatchConfig
	var level slog.Level
	flags.IntVar(&config.N, "n", 1, "`viewers`")
	flags.IntVar(&config.Seconds, "seconds", 30, "`seconds` that are measured, after the last viewer joined and, without -join, nobody rests")
	flags.DurationVar(&config.Join, "join", 0, "`time` over which the viewers join (default 200ms for each, at most 20s, and up to a minute longer while this machine is busy or a viewer rests)")
	flags.Var((*list)(&config.Trackers), "tracker", "WebSocket `URLs` of the trackers, with commas; each viewer uses one at a time (default those that the watch page names, none if it says that there is no swarm, or /tracker on the stream's host)")
	flags.StringVar(&config.Token, "token", "", "viewer `token` for trackers and edges that want one, see shoal token; also in the link, …?token=TOKEN or #token=TOKEN. All viewers use the same, so the tracker must admit as many with one: shoal tracker -token-viewers N")
	flags.BoolVar(&config.NoP2P, "no-p2p", false, "do not join the swarm: every byte comes from the edge")
	most := flags.Int("max-upload", 0, "the most that each viewer lends of its uplink, in `kbit/s` (default all of it)")
	control := flags.Bool("control", false, "measure once more without the swarm, for comparison")
	asJSON := flags.Bool("json", false, "print one JSON object")
	flags.TextVar(&level, "log", slog.LevelWarn, "least `level` logged: debug, info, warn, error")
	positional, err := flags.parse(args)
	if err != nil {
		return err
	}
	if len(positional) != 1 {
		return usageError("watch: want one URL, like http://localhost:8080/watch/demo")
	}
	if config.N < 1 || config.Seconds < 1 {
		return usageError("watch: want at least one viewer (-n) and one second (-seconds)")
	}
	if *most != 0 && (*most < 10 || *most > 10*math.MaxUint16) {
		return usageError(fmt.Sprintf("watch: want -max-upload between 10 and %d kbit/s", 10*math.MaxUint16))
	}
	if err := flags.lasts("join", 0, 0, 0); err != nil {
		return err
	}
	link, inLink := viewer.SplitToken(positional[0])
	config.URL, config.Token, config.Cap = link, cmp.Or(config.Token, inLink), uint16(*most/10)
	config.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))

	if config.N > 1 && config.Token != "" && !config.NoP2P && !*asJSON {
		fmt.Fprintf(out, "All %d viewers use one token. A tracker without -token-viewers %d lets in fewer of them; the others play from the edge.\n\n", config.N, config.N)
	}
	pacing, enough := context.WithCancel(ctx)
	paced := make(chan struct{})
	room := watchBase + int64(config.N)*watchEach
	pace := paceGarbage(watchPace, func(live, stacks int64) int { return garbageIn(room, live, stacks) })
	go func() { defer close(paced); pace(pacing) }()
	defer func() { enough(); <-paced }()
	var report watched
	var refused error
	switch report.WatchReport, err = viewer.Watch(ctx, config); {
	case errors.Is(err, viewer.ErrRefused): // there is a report all the same
		refused = fmt.Errorf("%w\n%s", err, advice(config.Token, report.Refusal))
	case errors.Is(err, viewer.ErrURL), errors.Is(err, viewer.ErrTracker) && len(config.Trackers) > 0: // else the watch page named it
		return usageError("watch: " + strings.TrimPrefix(err.Error(), "viewer: "))
	case errors.Is(err, viewer.ErrToken):
		return fmt.Errorf("%s\n%w", letIn(config.Token), err)
	case errors.Is(err, viewer.ErrAway):
		return fmt.Errorf("%w\nSee whether it runs there, and by this address and port: a browser shows its page then. shoal up runs one here", err)
	case err != nil:
		return err
	case report.Refused > 0:
		config.Log.Warn("some viewers were refused and played from the edge alone", "refused", report.Refused, "viewers", report.Viewers,
			"why", report.Refusal, "advice", advice(config.Token, report.Refusal))
	}
	if *control {
		config.NoP2P = true
		without, err := viewer.Watch(ctx, config)
		if err != nil {
			return err
		}
		report.Control = &without
	}
	if *asJSON {
		err = json.NewEncoder(out).Encode(report)
	} else {
		err = report.print(out)
	}
	return cmp.Or(err, refused)
}

// advice says what to do about a refusal.
func advice(token, why string) string {
	const without = "-no-p2p measures without the swarm"
	switch {
	case strings.Contains(why, "another viewer is here with this token"):
		return "-token-viewers at the trackers lets more viewers in on one token; " + without
	case !strings.HasPrefix(why, "401 ") && !strings.HasPrefix(why, "403 "):
		return without
	case token == "":
		return "-token TOKEN gives the viewers a token, shoal token make makes one; " + without
	}
	return "-token needs one that is for this stream, has not ended, and is made with a key that the tracker knows: shoal token make; " + without
}

// letIn says what to do where an edge lets nobody watch.
func letIn(token string) string {
	if token == "" {
		return "this stream is for viewers with a token: -token TOKEN gives them one, shoal token make makes it"
	}
	return "the edge takes no such token: -token needs one that is for this stream, has not ended, and is made with a key that the edge knows: shoal token make"
}

func (w watched) print(out io.Writer) error {
	if err := w.Table(out); err != nil || w.Control == nil {
		return err
	}
	fmt.Fprint(out, "\nwithout the swarm\n\n")
	return w.Control.Table(out)
}
