package viewer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/swarm/wire"
)

// ErrURL means that the address is neither a playlist's nor a watch page's.
var ErrURL = errors.New("viewer: want http://HOST/live/NAME/index.m3u8 or http://HOST/watch/NAME")

// ErrTracker means that a tracker's address is none.
var ErrTracker = errors.New("viewer: want ws://HOST/tracker or wss://HOST/tracker for a tracker (-tracker)")

// Config is what a Viewer starts with. Only URL is needed.
type Config struct {
	URL    string // of the playlist (http://HOST/live/NAME/index.m3u8) or of the watch page (http://HOST/watch/NAME)
	Key    []byte // the stream's Ed25519 public key; empty: asked of http://HOST/api/v1/streams/NAME
	Token  string // viewer token, for trackers and edges that want one
	P2P    bool   // join the swarm; without it the viewer is a plain LL-HLS player
	Flags  uint8  // wire.MayUpload, Metered, Hidden; 0: MayUpload
	Weight uint16 // what the uplink is taken for until it was measured, in units of 10 kbit/s; 0: the scheduler's default
	Cap    uint16 // the most that is lent of the uplink, in the same units; 0: all
	Log    *slog.Logger

	// Trackers are WebSocket URLs, of which one is used at a time; none: ws://HOST/tracker.
	Trackers []string

	// Played is called with every part and init segment when it is played. Called on the session's goroutine.
	Played func(r wire.Record, b []byte)
	// Tamper is a fault hook for tests: it changes the bytes of a piece that this viewer sends. The hashes stay true.
	Tamper func(piece []byte) []byte

	// What viewers of one process share; nil: an own one.
	HTTP        *http.Client
	Certificate *webrtc.Certificate
	said        *once
	machine     *machine // whoever makes it runs it
}

// validate fills in defaults and derives the stream's name and the addresses.
func (c *Config) validate() (name string, err error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%w, not %q", ErrURL, c.URL)
	}
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch {
	case len(path) >= 3 && path[0] == "live" && strings.HasSuffix(u.Path, ".m3u8"):
	case len(path) == 2 && path[0] == "watch":
		u.Path = "/live/" + path[1] + "/index.m3u8"
	default:
		return "", fmt.Errorf("%w, not %q", ErrURL, c.URL)
	}
	c.URL = u.String()
	if len(c.Trackers) == 0 {
		t := *u
		t.Scheme, t.Path, t.RawQuery = strings.Replace(u.Scheme, "http", "ws", 1), "/tracker", ""
		c.Trackers = []string{t.String()}
	}
	for _, text := range c.Trackers {
		if t, err := url.Parse(text); err != nil || t.Host == "" || t.Scheme != "ws" && t.Scheme != "wss" {
			return "", fmt.Errorf("%w, not %q", ErrTracker, text)
		}
	}
	if c.Flags == 0 {
		c.Flags = wire.MayUpload
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.HTTP == nil {
		c.HTTP = NewHTTP()
	}
	if c.Token != "" {
		c.HTTP = withToken(c.HTTP, c.Token, u.Host)
	}
	if c.said == nil {
		c.said = new(once)
	}
	return path[1], nil
}

// Viewer watches one stream. New makes it, Run watches.
type Viewer struct {
	cfg  Config
	name string

	mu     sync.Mutex
	report Report // guarded by mu
	sample sample // guarded by mu
}

// New checks the configuration. It starts nothing.
func New(c Config) (*Viewer, error) {
	name, err := c.validate()
	if err != nil {
		return nil, err
	}
	return &Viewer{cfg: c, name: name}, nil
}

// Run watches until ctx ends, which is no error, or until the stream ends or cannot be watched.
func (v *Viewer) Run(ctx context.Context) error {
	key, err := v.key(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("viewer: stream %s: %w", v.name, err)
	}
	s, err := newSession(v, key)
	if err != nil {
		return err
	}
	return s.run(ctx)
}

// Report returns what the viewer got so far.
func (v *Viewer) Report() Report {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.report
}

// publish makes the session's counts readable.
func (v *Viewer) publish(s sample) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sample = s
	v.report = s.report()
}

func (v *Viewer) snapshot() sample {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sample
}
