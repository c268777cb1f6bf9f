package rtmp

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/shoal-live/shoal/origin/stream"
)

const maxExtras = 4 // video tracks beside the first

// errOrder says that a rendition's frames are not in the order they are shown.
var errOrder = errors.New("it has B-frames: switch them off for all but the first track")

// errTaken says that a rendition with the track's number comes from elsewhere: who began last makes it.
var errTaken = errors.New("this origin makes a rendition of this number by itself")

// extra is a video track beside the first one: a rendition of the stream. What goes wrong with it ends it alone.
type extra struct {
	id      byte
	index   int // of the rendition
	session *stream.Session
	log     *slog.Logger

	follower *stream.Follower // nil before its first track, and after its end
	over     bool
	begun    bool
	newest   time.Duration // shown
	held     held
}

// take is told of a track or a frame. Frames are held until the first track has begun: running.
func (x *extra) take(e event, running bool) {
	if x.over {
		return
	}
	if err := x.try(e, running); err != nil {
		if errors.Is(err, stream.ErrReplaced) {
			err = errTaken
		}
		x.log.Warn("a video track beside the first is dropped", "track", x.id, "error", err)
		x.close()
		x.over = true
	}
}

func (x *extra) try(e event, running bool) (err error) {
	if e.track != nil {
		if x.follower == nil {
			if x.follower, err = x.session.Follow(x.index); err != nil {
				return err
			}
			x.log.Info("the broadcaster sends a rendition", "track", x.id, "rendition", x.index, "codec", e.track.RFC, "height", e.track.Height)
		}
		if err := x.follower.SetVideo(*e.track); err != nil {
			return err
		}
	}
	if len(e.frame.Bytes) == 0 || x.follower == nil {
		return nil
	}
	if x.begun && e.frame.PTS <= x.newest && e.frame.PTS > x.newest-time.Second {
		return errOrder
	}
	x.begun, x.newest = true, e.frame.PTS
	if x.held.add(e.frame); !running && !x.held.full() {
		return nil
	}
	return x.flush()
}

// flush gives on what was held.
func (x *extra) flush() error {
	for _, f := range x.held.take() {
		at, ok := x.session.Outgoing(f.PTS)
		if !ok {
			continue
		}
		f.PTS = at
		if err := x.follower.Write(f); err != nil {
			return fmt.Errorf("rendition %d: %w", x.index, err)
		}
	}
	return nil
}

func (x *extra) close() {
	if x.follower != nil {
		x.follower.Close()
	}
	x.held.take()
}
