package rtmp

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/stream"
)

const (
	patience = time.Second // of media, for a track that nobody promised
	promise  = 3 * time.Second
	maxSaid  = 20
)

// feed turns what a broadcaster says into tracks and frames of a session. Frames are held until it is known which
// tracks there are: both, as soon as both have come; else those that came within a little time, or a little more where
// onMetaData promised another.
type feed struct {
	session *stream.Session
	log     *slog.Logger

	video, audio *media.Track
	promised     announced
	running      bool
	held         held
	said         map[string]bool // what was said once
	extras       map[byte]*extra
}

func newFeed(s *stream.Session, log *slog.Logger) *feed {
	return &feed{session: s, log: log, said: map[string]bool{}, extras: map[byte]*extra{}}
}

// run feeds until the connection ends; nil if it ended in order.
func (f *feed) run(d *dialogue) error {
	defer func() {
		for _, x := range f.extras {
			x.close()
		}
	}()
	for {
		e, err := d.next()
		if errors.Is(err, errOver) {
			return nil
		}
		if err == nil {
			err = f.take(e)
		}
		if err != nil {
			return err
		}
	}
}

func (f *feed) take(e event) error {
	if e.announced != nil {
		f.promised = *e.announced
	}
	if e.extra {
		f.takeExtra(e)
		return nil
	}
	if e.old {
		f.once("HEVC comes by the unofficial codec id 12 and is taken; an encoder that speaks Enhanced RTMP is understood everywhere")
	}
	if e.track != nil {
		if err := f.setTrack(e.track); err != nil {
			return err
		}
	}
	if len(e.frame.Bytes) > 0 {
		if !f.running {
			f.session.FirstByte(time.Now())
		}
		return f.write(e.frame)
	}
	return nil
}

// takeExtra is told of tracks beside the first of their kind.
func (f *feed) takeExtra(e event) {
	switch {
	case e.refused != "":
		f.once("another track cannot be carried: " + e.refused)
	case !e.video:
		f.once("the broadcast has several audio tracks: the first is taken, the others are dropped")
	case f.extras[e.id] != nil:
		f.extras[e.id].take(e, f.running)
	case len(f.extras) >= maxExtras:
		f.once(fmt.Sprintf("the broadcast has more than %d video tracks: the others are dropped", maxExtras+1))
	default:
		x := &extra{id: e.id, index: len(f.extras) + 1, session: f.session, log: f.log}
		f.extras[e.id] = x
		x.take(e, f.running)
	}
}

// once warns of what the broadcaster may want to know, but not again with each frame.
func (f *feed) once(text string) {
	if !f.said[text] && len(f.said) < maxSaid {
		f.said[text] = true
		f.log.Warn(text)
	}
}

// setTrack notes a track; once frames flow, a new or changed one begins a new timeline.
func (f *feed) setTrack(t *media.Track) error {
	old := &f.audio
	if t.Video() {
		old = &f.video
	}
	if *old != nil && (*old).Same(*t) {
		return nil
	}
	*old = t
	if !f.running {
		return nil
	}
	f.log.Info("the broadcaster changes tracks", "track", t.Name, "codec", t.RFC)
	return f.start()
}

func (f *feed) start() error {
	if f.video == nil && f.audio == nil {
		return fmt.Errorf("%w: frames without codec parameters", errFormat)
	}
	var tracks []media.Track
	for _, t := range []*media.Track{f.video, f.audio} {
		if t != nil {
			tracks = append(tracks, *t)
		}
	}
	f.running = true
	return f.session.SetTracks(tracks)
}

func (f *feed) write(frame media.Frame) error {
	if f.running {
		return f.session.Write(frame)
	}
	f.held.add(frame)
	waited := frame.DTS - f.held.frames[0].DTS
	switch {
	case f.held.full(), f.video != nil && f.audio != nil:
	case f.video == nil && f.audio == nil:
		return nil
	case waited < patience:
		return nil
	case (f.promised.video && f.video == nil || f.promised.audio && f.audio == nil) && waited < promise:
		return nil
	}
	if err := f.start(); err != nil {
		return err
	}
	for _, h := range f.held.take() {
		if err := f.session.Write(h); err != nil {
			return err
		}
	}
	return nil
}
