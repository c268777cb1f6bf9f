package stream

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/segmenter"
)

// Status is where a stream is in its life.
type Status string

const (
	Idle        Status = "idle" // never said to anybody: an idle stream is unknown
	Live        Status = "live"
	Interrupted Status = "interrupted"
	Ended       Status = "ended"
)

// Stream is one live event.
type Stream struct {
	// static
	Name     string
	config   *Config
	metrics  *Metrics
	log      *slog.Logger
	store    store                                 // its file is guarded by mu
	goLive   func(*Stream) context.CancelCauseFunc // starts what runs beside a session
	ending   func() bool                           // the program ends
	key      ed25519.PrivateKey
	counters counters
	source   *rendition

	asked atomic.Int64 // Unix nanoseconds: when a viewer's playlist was asked for last
	saved atomic.Bool  // the state, and not yet brought to disk

	mu         sync.Mutex
	state      state        // as on disk
	renditions []*rendition // the source first, then by index
	cuts       cuts
	status     Status
	since      time.Time     // of the status
	grace      time.Duration // that it may be interrupted for
	left       time.Time     // when the last session ended
	session    *Session
	protocol   string
	timeline   time.Duration // where the next segmenter begins
	reached    time.Duration // before which all of the source is cut
	delay      time.Duration // from decoding to showing the source's newest key frame
	sound      []sound       // of the source, the newest, while somebody follows
	taps       []*Tap
	twin       *Twin          // to stay ahead of; nil: none, or it stays ahead of us
	fresh      bool           // no segment was made by this process yet
	resumes    bool           // what an earlier process made has not ended
	lost       []*hls.Segment // the newest of that process
	gop        time.Duration
	frames     float64 // a second, as they come
}

// open reads a stream's state from disk, or makes it new.
func open(name string, dir string, config *Config, metrics *Metrics, log *slog.Logger, goLive func(*Stream) context.CancelCauseFunc, ending func() bool) (*Stream, error) {
	s := &Stream{
		Name: name, config: config, metrics: metrics, log: log.With("stream", name), store: store{dir: dir}, goLive: goLive, ending: ending,
		status: Idle, fresh: true,
	}
	var err error
	if s.key, err = s.store.key(config.Seed, name); err != nil {
		return nil, err
	}
	now := time.Now()
	var found bool
	if s.state, found, err = s.store.load(); err != nil {
		return nil, err
	}
	if found {
		s.state.Discontinuity++ // what comes now does not follow what was
		s.since = s.store.written()
	} else {
		s.state = state{Epoch: uint32(now.Unix())}
	}
	if s.state.cutAs(config, now) {
		s.log.Info("segments or parts are of another length than before: a new playlist begins, and what is stored is not listed in it", "segment", config.SegmentDuration, "part", config.PartDuration)
	}
	s.timeline = max(0, now.Sub(time.Unix(int64(s.state.Epoch), 0)).Truncate(time.Millisecond))
	s.counters = metrics.of(name)
	if s.resumes = found && !s.state.Ended && config.waits(s.since, now); s.resumes {
		s.lost = s.state.lost(config)
	}
	s.source = s.newRendition(0, s.state.NextMSN)
	s.renditions = []*rendition{s.source}
	if s.resumes { // its broadcaster is waited for as if this process had seen it go
		s.status, s.since, s.left, s.grace = Interrupted, now, now, config.Grace
	}
	return s, nil
}

// Window is what the viewers of a rendition are served from; nil if there is no such rendition.
func (s *Stream) Window(index int) *hls.Window {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.renditions {
		if r.index == index {
			return r.window
		}
	}
	return nil
}

// Renditions returns the indices of those that have media now. The source always counts.
func (s *Stream) Renditions() (indices []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.renditions {
		if r.present() {
			indices = append(indices, r.index)
		}
	}
	return indices
}

// Session returns the broadcaster's, nil while there is none.
func (s *Stream) Session() *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.session
}

// Epoch is part of every media URL.
func (s *Stream) Epoch() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Epoch
}

// share gives a frame of the source to those who follow it and who tap it. The caller holds mu.
func (s *Stream) share(r *run, tracks []media.Track, f media.Frame) {
	at, ok := r.Placed()
	if !ok {
		return
	}
	f.DTS, f.PTS = at, at+f.PTS-f.DTS
	if f.Video && f.Key {
		s.delay = f.PTS - f.DTS
	}
	s.reached = r.Reached()
	for _, t := range s.taps {
		t.offer(r, tracks, f)
	}
	if len(s.renditions) == 1 {
		return
	}
	heard := sound{s.source.next, f}
	if !f.Video {
		s.sound = append(s.sound, heard)
		for s.sound[0].frame.DTS < f.DTS-keptSound {
			s.sound[0] = sound{}
			s.sound = s.sound[1:]
		}
	}
	for _, other := range s.renditions[1:] {
		if other.follower == nil {
			continue
		}
		if !f.Video {
			other.follower.hear(heard)
		}
		other.follower.advance()
	}
}

// lead puts parts of the source into its window. The caller holds mu.
func (s *Stream) lead(parts []segmenter.Part, r *run) {
	s.add(s.source, parts, func(start time.Duration) *cut { return s.cutAt(start, r) })
	if len(parts) == 0 {
		return
	}
	if s.status != Live {
		s.status, s.since = Live, time.Now()
		s.log.Info("live", "protocol", s.protocol, "tracks", names(s.source.tracks))
	}
	if s.session != nil && s.session.over == nil {
		s.session.over = s.goLive(s)
	}
}

// save writes the state. A disk that fails does not stop the broadcast; it is said, and a crash may then reuse numbers.
func (s *Stream) save() {
	if err := s.store.save(s.state); err != nil {
		s.log.Error("stream state is not on disk: numbers may come twice after a crash", "error", err)
	}
	s.saved.Store(true) // once it is written: who syncs before that syncs what was before
}

// sync brings what was saved to disk, if that is yet to be done.
func (s *Stream) sync() {
	if s.saved.Load() {
		s.flush()
	}
}

// flush brings what was saved to disk, also where another is about to: it is there when flush returns.
func (s *Stream) flush() {
	s.saved.Store(false)
	if err := s.store.sync(); err != nil {
		s.log.Error("stream state is not on disk: numbers may come twice after a power cut", "error", err)
	}
}

// tick moves an interrupted stream on to its end, and lets go of the media of one long ended.
func (s *Stream) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status == Interrupted && now.Sub(s.since) >= s.grace {
		s.status, s.since = Ended, now
		s.log.Info("ended")
	}
	over := now.Sub(s.left) - s.config.Grace // for how long its playlist has been: players do not read on after an end
	for _, r := range s.renditions {
		if s.status == Ended && over >= 0 {
			r.window.End()
			if !s.state.Ended {
				s.state.Ended, s.resumes = true, false
				s.save()
				s.store.rest()
			}
		}
		if s.status == Ended && over >= keepEnded {
			r.window.Release()
		}
	}
}

// PublicKey returns the key that chunk records are verified with, base64.
func (s *Stream) PublicKey() string {
	return base64.StdEncoding.EncodeToString(s.key.Public().(ed25519.PublicKey))
}

func names(tracks []media.Track) (out []string) {
	for _, t := range tracks {
		out = append(out, t.Name)
	}
	return out
}
