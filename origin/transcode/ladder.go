package transcode

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os/exec"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/origin/stream"
)

// Config says what renditions are made, and by what. The zero value makes none.
type Config struct {
	// Rungs are the heights, highest first. Default none: every stream is passed through.
	Rungs []Rung
	// Program is the ffmpeg, of version 5.1 or newer with libx264, by its path or as found in PATH. Default "ffmpeg".
	Program string
	// Registry takes the metrics; nil: nobody does.
	Registry prometheus.Registerer
	// Log takes events a person may act on. Default slog.Default().
	Log *slog.Logger
}

// What is done with a stream.
const (
	Passthrough = "passthrough" // the source alone
	Transcoding = "transcoding" // renditions beside it
)

// State is what is done with a stream, and why: for people.
type State struct {
	State string `json:"state"`
	Why   string `json:"why"`
}

// Ladder makes renditions of all streams of an origin.
type Ladder struct {
	// static
	config  Config
	missing string // why there is no program; empty if there is
	metrics *metrics
	limits  limits

	mu    sync.Mutex
	works map[string]*work // by stream
}

// New looks for the program, says so where there is none, and starts nothing.
func New(config Config) (*Ladder, error) {
	if config.Log == nil {
		config.Log = slog.Default()
	}
	if config.Program == "" {
		config.Program = "ffmpeg"
	}
	m, err := newMetrics(config.Registry)
	if err != nil {
		return nil, fmt.Errorf("transcode: metrics: %w", err)
	}
	l := &Ladder{config: config, metrics: m, limits: usual(), works: map[string]*work{}}
	if len(config.Rungs) == 0 {
		return l, nil
	}
	if l.config.Program, err = exec.LookPath(config.Program); err != nil {
		l.missing = "ffmpeg is not installed on the origin's machine"
		config.Log.Warn("there is no ffmpeg, so streams are passed through as they come and -ladder has no effect: install "+
			"ffmpeg 5.1 or newer with libx264 (Debian: apt install ffmpeg) and start this again", "error", err)
	}
	return l, nil
}

// State tells what is done with a stream.
func (l *Ladder) State(name string) State {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w := l.works[name]; w != nil {
		return w.state
	}
	return State{Passthrough, cmp.Or(l.idle(), "it is not live")}
}

// idle says why nothing is made of any stream; empty where it is.
func (l *Ladder) idle() string {
	if len(l.config.Rungs) == 0 {
		return "no ladder is set (-ladder)"
	}
	return l.missing
}

// Live makes the renditions of a stream until ctx ends, or the broadcaster goes.
func (l *Ladder) Live(ctx context.Context, st *stream.Stream) {
	session := st.Session()
	if session == nil {
		return
	}
	w := &work{ladder: l, session: session, name: st.Name, log: l.config.Log.With("stream", st.Name)}
	defer w.leave()
	if why := l.idle(); why != "" {
		w.say(Passthrough, why)
		<-ctx.Done()
		return
	}
	tap := st.Tap(maxQueue)
	defer tap.Close()
	w.tap = tap
	w.say(Passthrough, "waiting for a key frame")
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		var gone chan struct{}
		if w.child != nil {
			gone = w.child.done
		}
		select {
		case <-ctx.Done():
			return
		case s, open := <-tap.C:
			if !open || s.Ended {
				return
			}
			w.take(s)
		case <-gone:
			w.died()
		case now := <-tick.C:
			w.watch(now)
		}
	}
}
