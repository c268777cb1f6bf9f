package thumbnail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/origin/hls"
)

// Config says how pictures are made. The zero value works.
type Config struct {
	// FFmpeg is the program. Default "ffmpeg", looked for in PATH.
	FFmpeg string
	// Width of a picture, pixels. Default 480.
	Width int
	// Every is how old a picture may be before another is made. Default 10 s.
	Every time.Duration
	// Children is how many are made at a time. Default 2.
	Children int
	// Patience is how long a child may take, and how long it is waited for one where there is no picture yet. Default 5 s.
	Patience time.Duration
	// Registry takes the metrics; nil: nobody does.
	Registry prometheus.Registerer
	// Log takes events a person may act on. Default slog.Default().
	Log *slog.Logger
}

// Why there is no picture. The texts are shown to whoever asked.
var (
	ErrNoFFmpeg = errors.New("thumbnail: there are no pictures: this origin has no ffmpeg; install it and start the origin again")
	ErrNoVideo  = errors.New("thumbnail: no key frame of this stream is here now")
	ErrNoStill  = errors.New("thumbnail: there is no such recording, or it has no picture")
	ErrBusy     = errors.New("thumbnail: too many pictures are made at a time; ask again in a moment")
	errFailed   = errors.New("thumbnail: the picture could not be made")
)

const (
	mostKept    = 1000    // pictures
	mostWaiting = 64      // who wait for a child
	largest     = 1 << 20 // of a picture, bytes
	stillBad    = 24 * time.Hour
)

// Pictures makes and keeps them. It is safe for concurrent use.
type Pictures struct {
	// static
	config  Config
	path    string // of ffmpeg; empty: there is none
	metrics *prometheus.CounterVec
	log     *slog.Logger
	running chan struct{} // holds a token for each child
	waiting chan struct{} // and for each who waits for one

	mu   sync.Mutex
	kept map[string]*picture
}

// New looks for ffmpeg. Where there is none all pictures fail with ErrNoFFmpeg.
func New(config Config) (*Pictures, error) {
	if config.FFmpeg == "" {
		config.FFmpeg = "ffmpeg"
	}
	if config.Width == 0 {
		config.Width = 480
	}
	if config.Every == 0 {
		config.Every = 10 * time.Second
	}
	if config.Children == 0 {
		config.Children = 2
	}
	if config.Patience == 0 {
		config.Patience = 5 * time.Second
	}
	if config.Log == nil {
		config.Log = slog.Default()
	}
	if config.Width < 16 || config.Width > 4096 || config.Every < 0 || config.Children < 0 || config.Patience < 0 {
		return nil, fmt.Errorf("thumbnail: configuration: a width of %d, every %v, %d at a time, for %v", config.Width, config.Every, config.Children, config.Patience)
	}
	p := &Pictures{config: config, log: config.Log, running: make(chan struct{}, config.Children), waiting: make(chan struct{}, mostWaiting), kept: map[string]*picture{}}
	p.path, _ = exec.LookPath(config.FFmpeg) // none: said to who asks
	p.metrics = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "shoal_origin_thumbnails_total", Help: "Pictures of streams, by how making them ended.",
	}, []string{"outcome"})
	if config.Registry != nil {
		if err := config.Registry.Register(p.metrics); err != nil {
			return nil, fmt.Errorf("thumbnail: metrics: %w", err)
		}
	}
	return p, nil
}

// Available tells whether there can be pictures.
func (p *Pictures) Available() bool { return p.path != "" }

// subject is what a picture is of.
type subject struct {
	name, kind string
	good, bad  time.Duration // for which a picture is, or a failure
	frame      func() [][]byte
	none       error // there are no media
}

// Get returns a JPEG of a stream, at most as old as Config.Every unless a newer one cannot be made at once. Of one without pictures the
// window is nil.
func (p *Pictures) Get(ctx context.Context, stream string, window *hls.Window) ([]byte, error) {
	s := subject{name: stream, kind: "stream", good: p.config.Every, bad: p.config.Every, none: ErrNoVideo}
	if window != nil {
		s.frame = func() [][]byte { return newest(window) }
	}
	return p.get(ctx, s)
}

// Still returns a JPEG of what does not change, as a recording: it is made once, for as long as it is kept. frame returns its media, nil where
// there are none; it is nil itself where there is no picture.
func (p *Pictures) Still(ctx context.Context, name string, frame func() [][]byte) ([]byte, error) {
	return p.get(ctx, subject{name: name, kind: "recording", good: math.MaxInt64, bad: stillBad, frame: frame, none: ErrNoStill})
}

// get returns the picture of a subject that is good still, or another.
func (p *Pictures) get(ctx context.Context, s subject) ([]byte, error) {
	if p.path == "" {
		return nil, ErrNoFFmpeg
	}
	if s.frame == nil {
		return nil, s.none
	}
	k := p.of(s.name)
	select {
	case k.busy <- struct{}{}:
		defer func() { <-k.busy }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	old, age, err := k.bytes, time.Since(k.made), k.err
	p.mu.Unlock()
	if old != nil && age < s.good || err != nil && age < s.bad {
		return old, err
	}
	if !p.claim(ctx, old != nil) {
		if old == nil {
			return nil, ErrBusy
		}
		return old, nil
	}
	defer func() { <-p.running }()
	media := s.frame() // by so many at a time: it may be read from a disk
	if media == nil {
		return nil, s.none
	}
	began := time.Now()
	b, err := p.make(media)
	if err != nil {
		p.metrics.WithLabelValues("failed").Inc()
		p.log.Warn("no picture could be made of a "+s.kind, s.kind, s.name, "error", err)
		b, err = nil, errFailed
	} else {
		p.metrics.WithLabelValues("made").Inc()
	}
	p.mu.Lock()
	k.bytes, k.made, k.err = b, began, err
	p.mu.Unlock()
	return b, err
}

// claim takes the token of a child. Unless it must be at once a few may wait for one.
func (p *Pictures) claim(ctx context.Context, atOnce bool) bool {
	select {
	case p.running <- struct{}{}:
		return true
	default:
	}
	if atOnce {
		return false
	}
	select {
	case p.waiting <- struct{}{}:
		defer func() { <-p.waiting }()
	default:
		return false
	}
	patience := time.NewTimer(p.config.Patience)
	defer patience.Stop()
	select {
	case p.running <- struct{}{}:
		return true
	case <-patience.C:
	case <-ctx.Done():
	}
	return false
}

// newest returns the newest part in memory that begins with a key frame, behind its init segment; nil if there is none.
func newest(w *hls.Window) [][]byte {
	v, _ := w.View()
	segments := v.Segments
	if v.Open != nil {
		segments = append(segments[:len(segments):len(segments)], v.Open)
	}
	for i := len(segments) - 1; i >= 0; i-- {
		s := segments[i]
		if s.Init == nil {
			continue
		}
		for n := len(s.Parts) - 1; n >= 0; n-- {
			if p := &s.Parts[n]; p.Independent && len(p.Bytes) > 0 {
				return [][]byte{s.Init.Bytes, p.Bytes}
			}
		}
	}
	return nil
}

// make runs a child.
func (p *Pictures) make(frame [][]byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), p.config.Patience) // not the asker's: others wait for it too
	defer cancel()
	c := exec.CommandContext(ctx, p.path, "-nostdin", "-v", "error", "-threads", "1", "-f", "mp4", "-i", "pipe:0", "-an", "-frames:v", "1",
		"-vf", "scale="+strconv.Itoa(p.config.Width)+":-2", "-q:v", "5", "-f", "mjpeg", "pipe:1")
	c.Stdin = io.MultiReader(bytes.NewReader(frame[0]), bytes.NewReader(frame[1]))
	var out, said bounded
	c.Stdout, c.Stderr = &out, &said
	c.WaitDelay = time.Second
	if err := start(c); err != nil {
		return nil, err
	}
	if err := c.Wait(); err != nil {
		return nil, fmt.Errorf("ffmpeg: %w: %s", err, bytes.TrimSpace(said.bytes[:min(len(said.bytes), 300)]))
	}
	if !bytes.HasPrefix(out.bytes, []byte{0xff, 0xd8}) || out.full {
		return nil, fmt.Errorf("ffmpeg made no picture of %d bytes", len(frame[1]))
	}
	return out.bytes, nil
}

// bounded keeps the first bytes that a child writes.
type bounded struct {
	bytes []byte
	full  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), largest-len(b.bytes))
	b.bytes = append(b.bytes, p[:n]...)
	b.full = b.full || n < len(p)
	return len(p), nil
}
