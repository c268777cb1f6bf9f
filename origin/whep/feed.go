package whep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/stream"
)

// Why a stream cannot be played, or not be heard. The texts are shown to viewers.
var (
	errReordered = errors.New("whep: the broadcaster sends B-frames, which WebRTC cannot show in order: set them to 0 (OBS: x264 option bframes=0, " +
		"or the tune zerolatency; ffmpeg: -bf 0), or watch by HLS")
	errNoPicture = errors.New("whep: the broadcaster sends no picture, and WHEP here plays pictures with or without sound; listen by HLS")
	errNoCodec   = errors.New("whep: the broadcaster's encoder has changed to what this connection cannot carry; connect anew")
	errNotYet    = errors.New("whep: the stream's next key frame has yet to come")
	errSilent    = errors.New("the broadcaster sends no sound")
	errNoFFmpeg  = errors.New("the broadcaster's sound is AAC, which WebRTC does not carry, and this origin has no ffmpeg to make Opus of it")
	errNoEncoder = errors.New("the broadcaster's sound is AAC, which WebRTC does not carry, and this origin's ffmpeg fails to make Opus of it: its log has more")
	errNoOpus    = errors.New("the viewer's offer does not have Opus")
)

// Bounds of what is kept for who comes next. Longer ones wait for the next key frame.
const (
	maxKept      = 4 * time.Second
	maxKeptBytes = 4 << 20
	maxKeptUnits = 512
)

// tapped is how many frames may come while the feed is busy with one, or nobody watches.
const tapped = 512

// feed gives one stream to all its viewers.
type feed struct {
	// static
	stream *stream.Stream
	tap    *stream.Tap
	ffmpeg string
	log    *slog.Logger
	ended  chan struct{} // run has returned

	// guarded by the endpoint's mu
	holders int

	draining sync.Mutex // taken before mu

	mu      sync.Mutex
	changed chan struct{} // closed when the tracks are others
	video   *media.Track
	audio   *media.Track
	heard   time.Time // when the newest sample came
	clock   clock
	shown   time.Duration // the latest picture of this key frame and what follows it
	ordered error
	kept    []unit // the newest key frame and what followed it; empty if that is too much
	size    int
	queues  map[*queue]struct{}
	opus    *opus
	again   time.Time // not before is ffmpeg tried
	failed  bool      // it did, and made nothing since

	encoders sync.WaitGroup
}

func newFeed(st *stream.Stream, ffmpeg string, log *slog.Logger) *feed {
	f := &feed{
		stream: st, tap: st.Tap(tapped), ffmpeg: ffmpeg, log: log.With("stream", st.Name),
		ended: make(chan struct{}), changed: make(chan struct{}), queues: map[*queue]struct{}{}, heard: time.Now(),
	}
	f.tap.Urgent(false) // until somebody watches
	return f
}

// run takes what the tap brings until it is closed.
func (f *feed) run() {
	defer close(f.ended)
	for open := true; open; open = f.drain() {
		<-f.tap.Ready
	}
	f.mu.Lock()
	f.stopOpus()
	f.mu.Unlock()
	f.encoders.Wait()
}

// drain brings the feed up to now. It is false once the tap is closed.
func (f *feed) drain() bool {
	f.draining.Lock()
	defer f.draining.Unlock()
	for {
		select {
		case s, open := <-f.tap.C:
			if !open {
				return false
			}
			f.take(s, time.Now())
		default:
			return true
		}
	}
}

func (f *feed) take(s stream.Sample, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard = now
	switch {
	case s.Ended:
		f.forget()
		f.video, f.audio = nil, nil
	case s.Tracks != nil:
		f.begin(s.Tracks)
	case s.Frame.Video:
		f.clock.note(s.Frame.DTS, now)
		f.picture(unit{s.Frame, f.video}, now)
	case f.audio != nil && isOpus(*f.audio):
		f.give(unit{s.Frame, f.audio}, now)
	case f.audio != nil:
		f.encode(s.Frame, now)
	}
}

// begin takes new tracks. The caller holds mu, as for all below.
func (f *feed) begin(tracks []media.Track) {
	f.forget()
	f.video, f.audio, f.clock = nil, nil, clock{}
	for _, t := range tracks {
		if t.Video() {
			f.video = &t
			if reorders(t) {
				f.unordered()
			}
		} else {
			f.audio = &t
		}
	}
	for q := range f.queues {
		if f.video == nil || q.coding != coding(*f.video) {
			q.fail(errNoCodec)
		}
	}
	if f.opus != nil && (f.audio == nil || !f.opus.track.Same(*f.audio)) {
		f.stopOpus()
	}
	f.failed = false
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *feed) forget() { f.kept, f.size, f.ordered = nil, 0, nil }

func (f *feed) unordered() {
	f.ordered = errReordered
	for q := range f.queues {
		q.fail(errReordered)
	}
}

func (f *feed) picture(u unit, now time.Time) {
	switch {
	case f.video == nil:
		return
	case u.Key:
		f.kept, f.size = nil, len(u.Bytes)
		f.kept = append(f.kept, u)
	case u.PTS < f.shown && f.ordered == nil:
		f.unordered()
	case len(f.kept) > 0:
		f.kept, f.size = append(f.kept, u), f.size+len(u.Bytes)
		if f.size > maxKeptBytes || len(f.kept) > maxKeptUnits || u.PTS-f.kept[0].PTS > maxKept {
			f.kept = nil
		}
	}
	f.shown = u.PTS
	f.give(u, now)
}

func (f *feed) give(u unit, now time.Time) {
	for q := range f.queues {
		q.offer(u, now)
	}
}

// playable waits until it is known what the stream consists of, but not longer than within, and says why it cannot be played.
func (f *feed) playable(ctx context.Context, within time.Duration) (video media.Track, sound error, err error) {
	late := time.NewTimer(within)
	defer late.Stop()
	f.drain()
	for {
		f.mu.Lock()
		changed := f.changed
		if f.video != nil || f.audio != nil {
			defer f.mu.Unlock()
			if f.video == nil {
				return media.Track{}, f.soundless(), errNoPicture
			}
			return *f.video, f.soundless(), f.ordered
		}
		f.mu.Unlock()
		select {
		case <-changed:
		case <-late.C:
			return media.Track{}, nil, errNotYet
		case <-ctx.Done():
			return media.Track{}, nil, ctx.Err()
		}
	}
}

// soundless says why there is no sound, or nothing. Where it is errNoEncoder there may be some again.
func (f *feed) soundless() error {
	switch {
	case f.audio == nil:
		return errSilent
	case isOpus(*f.audio):
		return nil
	case !canEncode(*f.audio):
		return fmt.Errorf("the broadcaster's sound is %s, of which no Opus can be made here, and WebRTC carries nothing else", f.audio.RFC)
	case f.ffmpeg == "":
		return errNoFFmpeg
	case f.failed:
		return errNoEncoder
	}
	return nil
}

// join has a queue get what comes from now on. It returns what came since the newest key frame.
func (f *feed) join(q *queue, now time.Time) []unit {
	f.drain()
	return f.enter(q, now)
}

// enter is join of a feed that is up to now.
func (f *feed) enter(q *queue, now time.Time) []unit {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queues[q] = struct{}{}
	f.tap.Urgent(true)
	if f.ordered != nil {
		q.fail(f.ordered)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.skipping = len(f.kept) == 0
	q.key = now
	return f.kept[:len(f.kept):len(f.kept)]
}

func (f *feed) leave(q *queue) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.queues, q)
	f.tap.Urgent(len(f.queues) > 0)
	for o := range f.queues {
		if o.sound {
			return
		}
	}
	f.stopOpus()
}

// zero returns the time of day of the stream's time zero.
func (f *feed) zero() (time.Time, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clock.zero()
}

// quiet tells for how long nothing came.
func (f *feed) quiet(now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return now.Sub(f.heard)
}

func isOpus(t media.Track) bool {
	_, ok := t.Codec.(*codecs.Opus)
	return ok
}

// reorders tells whether a track says of itself that pictures come in another order than they are shown in. Some do so and say nothing.
func reorders(t media.Track) bool {
	c, ok := t.Codec.(*codecs.H264)
	if !ok {
		return false
	}
	var p h264.SPS
	if p.Unmarshal(c.SPS) != nil || p.VUI == nil || p.VUI.BitstreamRestriction == nil {
		return false
	}
	return p.VUI.BitstreamRestriction.MaxNumReorderFrames > 0
}
