package stream

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/media"
)

// Description is what the API says of a stream.
type Description struct {
	Name       string      `json:"name"`
	State      Status      `json:"state"`
	Since      time.Time   `json:"since"`
	PublicKey  string      `json:"publicKey"`
	Epoch      uint32      `json:"epoch"`
	Renditions []Rendition `json:"renditions"`
	Protocol   string      `json:"protocol"`
	Bitrate    int64       `json:"bitrate"`
	GOPSeconds float64     `json:"gopSeconds"`
	Advice     string      `json:"advice"` // the hints in English
	Hints      []Hint      `json:"hints"`
	LastMSN    uint64      `json:"lastMsn"`
	// What an origin that stands by for this one goes by.
	NextMSN       uint64   `json:"nextMsn"`       // of the open segment, or of the next
	Discontinuity uint64   `json:"discontinuity"` // how many stand before it
	Asked         bool     `json:"asked"`         // playlists are asked for here
	Tracks        []string `json:"tracks"`
}

// Rendition is one quality of a stream.
type Rendition struct {
	Index     int     `json:"index"`
	Codecs    string  `json:"codecs"`
	Width     int     `json:"width"`
	Height    int     `json:"height"`
	FrameRate float64 `json:"frameRate"`
}

// Describe returns the stream's present state.
func (s *Stream) Describe() Description {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, _ := s.source.window.View()
	d := Description{
		Name: s.Name, State: s.status, Since: s.since.UTC().Truncate(time.Second), PublicKey: s.PublicKey(),
		NextMSN: s.source.next, Discontinuity: s.state.Discontinuity, Asked: s.Asked(),
		Epoch: s.state.Epoch, Renditions: []Rendition{}, Protocol: s.protocol, Tracks: []string{},
		GOPSeconds: math.Round(s.gop.Seconds()*1000) / 1000, Hints: hints(s.protocol, s.source.tracks, s.gop, s.config.SegmentDuration),
	}
	d.Advice = advice(d.Hints)
	if s.status == Idle { // of an earlier process
		d.State = Ended
	}
	if n := v.Newest(); n != nil {
		d.LastMSN = n.MSN
	} else if s.source.next > 0 {
		d.LastMSN = s.source.next - 1
	}
	if s.session != nil {
		d.Bitrate = int64(s.session.rate.bits)
	}
	for _, r := range s.renditions {
		if len(r.tracks) > 0 && r.present() {
			d.Renditions = append(d.Renditions, s.describe(r))
		}
	}
	d.Tracks = append(d.Tracks, names(s.source.tracks)...)
	return d
}

func (s *Stream) describe(of *rendition) (r Rendition) {
	if len(of.tracks) == 0 && of.past.Rendition.Codecs != "" {
		return of.past.Rendition
	}
	r.Index = of.index
	r.Codecs = codecs(of.tracks)
	for _, t := range of.tracks {
		if t.Video() {
			r.Width, r.Height, r.FrameRate = t.Width, t.Height, t.Rate
			if r.FrameRate == 0 { // the codec's parameters do not tell: what was seen does
				r.FrameRate = usual(s.frames)
			}
			r.FrameRate = math.Round(r.FrameRate*1000) / 1000
		}
	}
	return r
}

// usual is the rate that a broadcaster most likely means, of what came in some seconds: browsers are a picture off now and then.
func usual(seen float64) float64 {
	for _, rate := range []float64{15, 24, 25, 30, 48, 50, 60} {
		if off := math.Abs(seen - rate); off < 0.5 || rate >= 30 && off <= 1.2 {
			return rate
		}
	}
	return math.Round(seen)
}

// codecs is the form of RFC 6381.
func codecs(tracks []media.Track) string {
	var all []string
	for _, t := range tracks {
		all = append(all, t.RFC)
	}
	return strings.Join(all, ",")
}

// listedCodecs names all that is in the segments of a playlist, the newest last, which is now: RFC 8216bis, section 4.4.6.2. Of several
// of a kind hls.js goes by the last.
func listedCodecs(v *hls.View, now string) string {
	var all []string
	add := func(codecs string) {
		for c := range strings.SplitSeq(codecs, ",") {
			if c != "" {
				all = append(slices.DeleteFunc(all, func(o string) bool { return o == c }), c)
			}
		}
	}
	for _, g := range v.Segments {
		if g.Init != nil {
			add(g.Init.Codecs)
		}
	}
	if v.Open != nil && v.Open.Init != nil {
		add(v.Open.Init.Codecs)
	}
	add(now)
	return strings.Join(all, ",")
}

// Known tells whether the stream has ever had media.
func (s *Stream) Known() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status != Idle || s.source.next > 0
}

// Heard tells whether this process had media of the stream, or waits for its broadcaster.
func (s *Stream) Heard() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status != Idle
}

// Starting tells whether a broadcaster is connected whose first segment is not complete yet.
func (s *Stream) Starting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.session != nil
}

// Awaited tells whether another process had media of the stream shortly before: its broadcaster is expected back, as after a restart.
func (s *Stream) Awaited(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status == Interrupted && s.resumes && now.Sub(s.since) < s.config.Grace
}

// regainTime is how long after its broadcaster's return a stream has all renditions again that it had before: a ladder begins with a segment.
const regainTime = 10 * time.Second

// Regains tells whether a rendition that is not there may be one of another process before, and soon be made again.
func (s *Stream) Regains(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := now.Sub(s.since)
	return s.resumes && (s.status == Interrupted && since < s.config.Grace || s.status == Live && since < regainTime)
}

// Variants returns what the multivariant playlist says of the renditions that have media, the source first.
func (s *Stream) Variants() (variants []hls.Variant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.renditions {
		if v, _ := r.window.View(); v.Playable() && r.present() {
			variants = append(variants, s.variant(r, v))
		}
	}
	return variants
}

func (s *Stream) variant(of *rendition, v *hls.View) hls.Variant {
	r := s.describe(of)
	peak, mean := v.Bitrates()
	out := hls.Variant{
		Index: r.Index, Codecs: listedCodecs(v, r.Codecs), Width: r.Width, Height: r.Height, FrameRate: r.FrameRate, Peak: peak, Mean: mean,
		Independent: r.Width == 0 || s.gop > 0 && s.gop < s.config.longest(),
	}
	for _, g := range v.Segments {
		out.Independent = out.Independent && (g.Gap || g.Parts == nil || g.Parts[0].Independent)
	}
	return out
}
