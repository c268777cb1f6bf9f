package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	silence   = 5 * time.Second // after which a second broadcaster may take over
	farewell  = 3 * time.Second // that one who said that it is over is waited for; OBS says so too before it reconnects, and is back after two
	keepEnded = 5 * time.Minute // that a stream can still be fetched whose playlist has ended
)

// ErrBusy says that the stream has a broadcaster.
var ErrBusy = errors.New("stream: somebody is broadcasting to this stream already")

// Config says how streams are cut and kept. All fields are needed, but where it is said what nothing means.
type Config struct {
	Dir             string // holds a folder per stream
	PartDuration    time.Duration
	SegmentDuration time.Duration
	Grace           time.Duration
	WindowSegments  int
	Plain           bool // no parts in playlists; false: low latency
	// Seed makes the key pair of every stream, so that several origins sign alike. Empty: each stream has one of its own, on disk.
	Seed []byte
	// InMemory is how many complete segments stay in memory where somebody stores the others. 0: all that must be fetchable.
	InMemory int
	// Unstored are streams of which nobody stores anything: their windows are those InMemory.
	Unstored []string
	// Past returns what is stored of a rendition; it is asked when a process first knows of it. It may be nil.
	Past func(stream string, epoch uint32, rendition int) Past
	// Live is called in a goroutine of its own when a session's first part is made; ctx ends with the session, and its cause says why:
	// ErrSaidOver, ErrLost, ErrReplaced, ErrRevoked, or that the program ends. It may be nil.
	Live func(ctx context.Context, s *Stream)
}

// partTarget is the part duration rounded up to whole milliseconds and one more: ten frames of 33.33 ms are 334 ms in
// the broadcaster's rounded timestamps.
func (c *Config) partTarget() time.Duration {
	return c.PartDuration.Truncate(time.Millisecond) + time.Millisecond
}

func (c *Config) target() time.Duration {
	return time.Duration(math.Round(c.SegmentDuration.Seconds())) * time.Second
}

// longest keeps every segment's duration rounding to no more than the target duration.
func (c *Config) longest() time.Duration { return c.target() + 490*time.Millisecond }

var name = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// ValidName tells whether s can name a stream.
func ValidName(s string) bool { return name.MatchString(s) }

// Streams is all streams of an origin.
type Streams struct {
	// static
	config  Config
	metrics *Metrics
	log     *slog.Logger

	mu      sync.Mutex
	streams map[string]*Stream
	opening map[string]chan struct{} // closed when it is over: it takes as long as the disk does, and holds up nobody else

	lives   sync.Mutex // guards what follows; taken with a stream's mu held
	running context.Context
	began   context.Context // that of Run, also when it has returned; nil: it did not begin
	beside  sync.WaitGroup  // of all that Config.Live does
}

// New returns the set of streams kept under config.Dir. Nothing is read yet.
func New(config Config, metrics *Metrics, log *slog.Logger) *Streams {
	return &Streams{config: config, metrics: metrics, log: log, streams: map[string]*Stream{}, opening: map[string]chan struct{}{}}
}

// Publish admits a broadcaster to the named stream, or fails with ErrBusy.
func (s *Streams) Publish(name, protocol string) (*Session, error) {
	st, err := s.find(name, true)
	if err != nil {
		return nil, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if old := st.session; old != nil {
		if time.Since(time.Unix(0, old.seen.Load())) < silence {
			return nil, ErrBusy
		}
		old.leave(s.config.Grace, ErrReplaced)
		old.lose(ErrReplaced)
	}
	n := &Session{
		stream: st, protocol: protocol, replaced: make(chan struct{}),
		ingest: s.metrics.IngestBytes.WithLabelValues(name, protocol),
	}
	n.seen.Store(time.Now().UnixNano())
	st.session, st.protocol, st.gop, st.frames = n, protocol, 0, 0
	st.grace = s.config.Grace // until its first part
	s.metrics.Live.Inc()
	return n, nil
}

// Busy tells whether a new broadcaster would be turned away.
func (s *Streams) Busy(name string) bool {
	st := s.Get(name)
	if st == nil {
		return false
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.session != nil && time.Since(time.Unix(0, st.session.seen.Load())) < silence
}

// Get returns a stream that was published at any time, or nil.
func (s *Streams) Get(name string) *Stream {
	st, err := s.find(name, false)
	if err != nil {
		s.log.Error("stream cannot be read", "stream", name, "error", err)
	}
	return st
}

func (s *Streams) find(name string, make bool) (*Stream, error) {
	if !ValidName(name) {
		return nil, fmt.Errorf("stream: %q is no stream name", name)
	}
	st, done := s.begin(name)
	if st != nil {
		return st, nil
	}
	defer done(&st)
	dir := filepath.Join(s.config.Dir, name)
	if !make {
		if _, err := os.Stat(filepath.Join(dir, "state.json")); err != nil {
			return nil, nil
		}
	}
	var err error
	st, err = open(name, dir, &s.config, s.metrics, s.log, s.goLive, s.ending)
	return st, err
}

// begin returns a stream of this process, or has the caller open it, who says that he is done with what came of it. It waits while another does.
func (s *Streams) begin(name string) (st *Stream, done func(**Stream)) {
	for {
		s.mu.Lock()
		st, other := s.streams[name], s.opening[name]
		if st != nil {
			s.mu.Unlock()
			return st, nil
		}
		if other == nil {
			break
		}
		s.mu.Unlock()
		<-other
	}
	mine := make(chan struct{})
	s.opening[name] = mine
	s.mu.Unlock()
	return nil, func(st **Stream) {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.opening, name)
		if *st != nil {
			s.streams[name] = *st
		}
		close(mine)
	}
}

// All returns the streams of this process, by name.
func (s *Streams) All() []*Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Stream, 0, len(s.streams))
	for _, st := range s.streams {
		all = append(all, st)
	}
	slices.SortFunc(all, func(a, b *Stream) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// goLive starts what runs beside a session. What it returns ends that.
func (s *Streams) goLive(st *Stream) context.CancelCauseFunc {
	s.lives.Lock()
	defer s.lives.Unlock()
	if s.config.Live == nil {
		return func(error) {}
	}
	if s.running == nil { // not yet: the next part asks again
		return nil
	}
	ctx, cancel := context.WithCancelCause(s.running)
	s.beside.Go(func() {
		defer cancel(nil)
		s.config.Live(ctx, st)
	})
	return cancel
}

// ending tells whether the program ends: nobody here waits for a broadcaster any more.
func (s *Streams) ending() bool {
	s.lives.Lock()
	defer s.lives.Unlock()
	return s.began != nil && s.began.Err() != nil
}

// run lets what goes beside sessions begin, until the function it returns is called.
func (s *Streams) run(ctx context.Context) (stop func()) {
	s.lives.Lock()
	defer s.lives.Unlock()
	s.running, s.began = ctx, ctx
	return func() {
		s.lives.Lock()
		defer s.lives.Unlock()
		s.running = nil
	}
}

// Run takes up what an earlier process left and ends interrupted streams when their grace is over, until ctx is done. It returns when
// nothing runs beside a session any more.
func (s *Streams) Run(ctx context.Context) {
	s.resume()
	stop := s.run(ctx)
	defer s.beside.Wait()
	defer stop()
	var syncing sync.WaitGroup
	defer syncing.Wait()
	syncing.Go(func() { s.sync(ctx) })
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			for _, st := range s.All() {
				st.tick(now)
			}
		case <-ctx.Done():
			return
		}
	}
}

// sync brings to disk what is saved of streams, every syncEvery and when ctx is done. A disk that is slow delays this alone.
func (s *Streams) sync(ctx context.Context) {
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for running := true; running; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			running = false
		}
		for _, st := range s.All() {
			st.sync()
		}
	}
}
