package stream

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/segmenter"
	"github.com/shoal-live/shoal/swarm/wire"
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
	Name    string
	config  *Config
	metrics *Metrics
	log     *slog.Logger
	store   store
	key     ed25519.PrivateKey
	window  *hls.Window

	mu       sync.Mutex
	state    state  // as on disk
	next     uint64 // MSN of the next segment
	status   Status
	since    time.Time     // of the status
	grace    time.Duration // that it may be interrupted for
	left     time.Time     // when the last session ended
	session  *Session
	protocol string
	tracks   []media.Track
	init     *hls.Init
	timeline time.Duration // where the next segmenter begins
	sequence uint32
	fresh    bool // no segment was made by this process yet
	gop      time.Duration
	frames   float64 // a second, as they come
}

// open reads a stream's state from disk, or makes it new.
func open(name string, dir string, config *Config, metrics *Metrics, log *slog.Logger) (*Stream, error) {
	s := &Stream{
		Name: name, config: config, metrics: metrics, log: log.With("stream", name), store: store{dir},
		status: Idle, fresh: true,
	}
	var err error
	if s.key, err = s.store.key(); err != nil {
		return nil, err
	}
	now := time.Now()
	var found bool
	if s.state, found, err = s.store.load(); err != nil {
		return nil, err
	}
	if found {
		s.state.Discontinuity++ // what comes now does not follow what was
		s.next = s.state.NextMSN
		s.since = s.store.written()
	} else {
		s.state = state{Epoch: uint32(now.Unix())}
	}
	s.timeline = max(0, now.Sub(time.Unix(int64(s.state.Epoch), 0)).Truncate(time.Millisecond))
	s.window = hls.NewWindow(hls.Config{
		Epoch: s.state.Epoch, Target: config.target(), PartTarget: config.partTarget(),
		Listed: config.WindowSegments, Kept: 2*config.WindowSegments + 2, PartsFor: 3,
	}, s.next)
	return s, nil
}

// Window is what viewers are served from.
func (s *Stream) Window() *hls.Window { return s.window }

// Epoch is part of every media URL.
func (s *Stream) Epoch() uint32 { return s.state.Epoch }

// begin starts a segmenter for tracks. The caller holds mu.
func (s *Stream) begin(tracks []media.Track) (*segmenter.Segmenter, error) {
	same := s.init != nil && len(tracks) == len(s.tracks)
	for i := 0; same && i < len(tracks); i++ {
		same = tracks[i].Same(s.tracks[i])
	}
	if !same {
		data, err := segmenter.Init(tracks)
		if err != nil {
			return nil, err
		}
		number := s.state.NextInit
		s.state.NextInit++
		s.save()
		id := wire.ChunkID{Epoch: s.state.Epoch, Kind: wire.Init, MSN: number}
		s.init = &hls.Init{Number: number, Bytes: data}
		s.init.Record, s.init.Pieces = sign(s.key, wire.Record{ID: id, Discontinuity: uint32(s.state.Discontinuity)}, data)
	}
	s.tracks = tracks
	return segmenter.New(segmenter.Config{
		Part: s.config.partTarget(), Segment: s.config.SegmentDuration, Longest: s.config.longest(),
	}, tracks, s.timeline, s.sequence), nil
}

// add puts finished parts into the window. The caller holds mu.
func (s *Stream) add(parts []segmenter.Part, run *run) {
	for _, p := range parts {
		if !run.open {
			s.openSegment(p, run)
		}
		part := hls.Part{Duration: p.Duration, Independent: p.Independent, Bytes: p.Bytes}
		if len(p.Bytes) > 0 {
			id := wire.ChunkID{Epoch: s.state.Epoch, Kind: wire.Part, MSN: s.next, Part: run.parts}
			part.Record, part.Pieces = sign(s.key, wire.Record{
				ID: id, Independent: p.Independent, Last: p.Final,
				Discontinuity: uint32(s.state.Discontinuity), Duration: uint32(p.Duration / time.Microsecond),
			}, p.Bytes)
			run.parts++
			s.metrics.Parts.WithLabelValues(s.Name).Inc()
		}
		s.window.Add(part, p.Final)
		if p.Final {
			s.next++
			run.open = false
			s.metrics.Segments.WithLabelValues(s.Name).Inc()
		}
	}
	if len(parts) > 0 && s.status != Live {
		s.status, s.since = Live, time.Now()
		s.log.Info("live", "protocol", s.protocol, "tracks", names(s.tracks))
	}
}

func (s *Stream) openSegment(p segmenter.Part, run *run) {
	split := false
	if !run.begun {
		run.begun = true
		split = !s.fresh || s.next > 0 // the first segment of all time follows nothing
		if split && !s.fresh {
			s.state.Discontinuity++
		}
		s.fresh = false
	}
	s.state.NextMSN = s.next + 1
	s.save()
	run.open, run.parts = true, 0
	s.window.Open(hls.Segment{
		MSN: s.next, Init: s.init, Break: split, Discontinuity: s.state.Discontinuity, Date: run.date(p.Start),
	})
}

// save writes the state. A disk that fails does not stop the broadcast; it is said, and a crash may then reuse numbers.
func (s *Stream) save() {
	if err := s.store.save(s.state); err != nil {
		s.log.Error("stream state is not on disk: numbers may come twice after a crash", "error", err)
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
	if s.status == Ended && over >= 0 {
		s.window.End()
	}
	if s.status == Ended && over >= keepEnded {
		s.window.Release()
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

// advice tells the broadcaster what to change, or nothing.
func advice(gop, wanted time.Duration) string {
	if gop < wanted+wanted/4 {
		return ""
	}
	return fmt.Sprintf("Keyframes come every %.1f s. Set the keyframe interval to %.0f s, or 1 s for the lowest latency "+
		"(OBS: Settings, Output, Streaming, Keyframe Interval; ffmpeg: -g %.0f at 30 frames a second), so that viewers start sooner.",
		gop.Seconds(), wanted.Seconds(), wanted.Seconds()*30)
}
