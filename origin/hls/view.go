package hls

import (
	"bytes"
	"compress/gzip"
	"sync"
)

// View is a window at one moment. It never changes; its playlists are written once, when first asked for.
type View struct {
	Segments []*Segment // listed, complete
	Open     *Segment   // nil between segments
	Next     uint64     // MSN of Open, or of the next to be opened
	Ended    bool

	config *Config
	frames *frames

	mu    sync.Mutex
	whole *written // the newest of each kind: other renditions move on by themselves, and so do reports of them
	delta *written
}

// written is a playlist, compressed when first asked for so.
type written struct {
	reports string
	plain   []byte
	once    sync.Once
	packed  []byte
}

func (w *written) pack() []byte {
	w.once.Do(func() { w.packed = pack(w.plain) })
	return w.packed
}

// parts returns how many parts of the open segment there are.
func (v *View) parts() int {
	if v.Open == nil {
		return 0
	}
	return len(v.Open.Parts)
}

// Playable tells whether the playlist has a complete segment to begin with.
func (v *View) Playable() bool { return len(v.Segments) > 0 }

// Newest returns the newest segment that is listed, with a part if there are parts, or nil.
func (v *View) Newest() *Segment {
	if v.parts() > 0 && !v.config.Plain {
		return v.Open
	}
	if n := len(v.Segments); n > 0 {
		return v.Segments[n-1]
	}
	return nil
}

// Bitrates returns the highest and the mean bit rate of the listed segments, bit/s.
func (v *View) Bitrates() (peak, mean float64) {
	var bits, seconds float64
	for _, s := range v.Segments {
		if s.Gap {
			continue
		}
		b, d := float64(s.Size()*8), s.Duration.Seconds()
		bits, seconds = bits+b, seconds+d
		if d >= 0.5 { // a stub before a discontinuity says nothing
			peak = max(peak, b/d)
		}
	}
	if seconds == 0 {
		return 0, 0
	}
	mean = bits / seconds
	return max(peak, mean), mean
}

// Playlist returns the media playlist with nothing of other renditions, plain and gzipped.
func (v *View) Playlist() (plain, packed []byte) {
	w := v.playlist(false, "")
	return w.plain, w.pack()
}

// playlist returns the media playlist, a delta where one is asked for and something can be left out.
func (v *View) playlist(skip bool, reports string) *written {
	if v.Ended {
		reports = ""
	}
	skipped := 0
	kept := &v.whole
	if skip {
		if skipped = v.skippable(); skipped > 0 {
			kept = &v.delta
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if *kept == nil || (*kept).reports != reports {
		*kept = &written{reports: reports, plain: v.encode(skipped, reports)}
	}
	return *kept
}

// packers are gzip writers at rest: a new one costs a megabyte.
var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	return z
}}

func pack(b []byte) []byte {
	var out bytes.Buffer
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(&out)
	_, _ = z.Write(b) // a memory buffer never fails
	_ = z.Close()
	return out.Bytes()
}
