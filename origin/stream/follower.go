package stream

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/segmenter"
)

// What a Follower may not do.
var (
	ErrRendition = errors.New("stream: renditions beside the source have the numbers 1 to 15")
	ErrVideo     = errors.New("stream: a rendition beside the source is video, and so is its source")
)

const (
	maxRenditions = 16
	maxHeld       = 600             // frames of a follower that is ahead of the source, or of none ...
	maxHeldBytes  = 16 << 20        // ... and what they hold
	keptSound     = 8 * time.Second // of the source, for followers that lag
)

// Follower makes one rendition beside the source, of pictures that show what the source's show at the same times. Its key frames
// must be where the source's segments begin; the source's sound is put in here. A Follower may lag a few segments behind; what
// it never brings is a gap in its rendition, and changes nothing for the source. It is safe for concurrent use.
type Follower struct {
	// static
	stream *Stream
	r      *rendition

	// guarded by stream.mu
	video  *media.Track
	cutter *segmenter.Segmenter // nil before its first segment, after a loss, and between two runs of the source
	held   []media.Frame        // from times that the source has not decided
	bytes  int                  // in held
	sound  []sound              // for segments that are to come
}

// sound is a frame of the source's sound, and the segment that was open when it came: it is in that one or a later one, also
// where it came late, so that whoever changes renditions between two segments misses none and hears none twice.
type sound struct {
	msn   uint64
	frame media.Frame
}

// Follow returns who makes a rendition from now on; whoever did is let go.
func (s *Session) Follow(index int) (*Follower, error) {
	if index < 1 || index >= maxRenditions {
		return nil, fmt.Errorf("%w, not %d", ErrRendition, index)
	}
	st := s.stream
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.session != s {
		return nil, ErrReplaced
	}
	i, found := slices.BinarySearchFunc(st.renditions, index, func(r *rendition, index int) int { return r.index - index })
	if !found {
		st.renditions = slices.Insert(st.renditions, i, st.newRendition(index, st.source.next))
	}
	r := st.renditions[i]
	if r.follower != nil {
		r.follower.lose()
	}
	r.follower = &Follower{stream: st, r: r}
	return r.follower, nil
}

// SetVideo says what comes from now on. Pictures that need another init segment begin with the source's next segment.
func (f *Follower) SetVideo(t media.Track) error {
	if !t.Video() {
		return ErrVideo
	}
	st := f.stream
	st.mu.Lock()
	defer st.mu.Unlock()
	if f.r.follower != f {
		return ErrReplaced
	}
	if f.video != nil && !f.video.Same(t) {
		f.drain()
		f.lose()
	}
	f.video = &t
	return nil
}

// Write adds a picture. Its PTS is on the stream's outgoing timeline; pictures come in the order they are shown.
func (f *Follower) Write(frame media.Frame) error {
	if len(frame.Bytes) > media.MaxFrame {
		return ErrFrame
	}
	st := f.stream
	st.mu.Lock()
	defer st.mu.Unlock()
	switch {
	case f.r.follower != f:
		return ErrReplaced
	case !frame.Video || f.video == nil:
		return ErrVideo
	}
	if len(f.held) >= maxHeld || f.bytes+len(frame.Bytes) > maxHeldBytes { // the source stands still: these are of no use
		f.lose()
		f.held, f.bytes = nil, 0
	}
	f.held = append(f.held, frame)
	f.bytes += len(frame.Bytes)
	f.advance()
	return nil
}

// Close says that no more comes.
func (f *Follower) Close() {
	st := f.stream
	st.mu.Lock()
	defer st.mu.Unlock()
	if f.r.follower != f {
		return
	}
	f.drain()
	f.lose()
	f.r.follower = nil
	st.fill()
}

// drain places what is placeable, and finishes the open segment if its pictures are all there.
func (f *Follower) drain() {
	f.advance()
	f.held, f.bytes = nil, 0
	if f.cutter == nil {
		return
	}
	if c := f.stream.cuts.find(f.r.next); c != nil && c.end > 0 && f.cutter.End() >= c.end-2*rounding {
		f.finish(c.end)
	}
}

// lose drops what is open: the segment becomes a gap, and another may begin with the source's next.
func (f *Follower) lose() {
	if f.cutter != nil {
		f.r.sequence = f.cutter.Sequence()
		f.cutter, f.sound = nil, nil
	}
}

// finish ends the run of segments that are cut by one segmenter.
func (f *Follower) finish(end time.Duration) {
	f.put(f.cutter.Finish(end))
	f.lose()
}

func (f *Follower) put(parts []segmenter.Part) {
	f.stream.add(f.r, parts, func(time.Duration) *cut { return f.stream.cuts.find(f.r.next) })
}

// advance places the held pictures from times that the source has passed, where it is known which segment they are in.
func (f *Follower) advance() {
	for len(f.held) > 0 {
		frame := f.held[0]
		frame.DTS = frame.PTS - f.stream.delay
		if frame.DTS >= f.stream.reached {
			return
		}
		f.held[0] = media.Frame{}
		f.held = f.held[1:]
		f.bytes -= len(frame.Bytes)
		f.place(frame)
	}
}

func (f *Follower) place(frame media.Frame) {
	st := f.stream
	if f.cutter != nil {
		if st.cuts.find(f.r.next) == nil { // so late that it is forgotten
			f.lose()
		} else if next := st.cuts.find(f.r.next + 1); next != nil {
			f.cutter.Bound(next.at)
			if next.split && frame.DTS > next.at-rounding {
				f.finish(next.at)
			}
		}
	}
	if f.cutter == nil {
		f.begin(frame)
		return
	}
	f.write(frame)
	f.mix()
}

// begin starts a segmenter, if this is a key frame where a segment of the source begins.
func (f *Follower) begin(frame media.Frame) {
	st, r := f.stream, f.r
	c := st.cuts.near(frame.DTS)
	if !frame.Key || c == nil || c.msn < r.next || c.msn == r.next && r.open {
		return
	}
	tracks := []media.Track{*f.video}
	for _, t := range st.source.tracks {
		if !t.Video() {
			tracks = append(tracks, t)
		}
	}
	first := r.init == nil
	if err := st.prepare(r, tracks); err != nil {
		st.log.Error("a rendition cannot be made", "rendition", r.index, "error", err)
		return
	}
	if first { // there is nothing that its first segment would follow
		r.next = st.firstOf(c.msn)
	}
	for r.next < c.msn {
		st.gap(r)
	}
	f.cutter = segmenter.Follow(st.segmenting(), tracks, c.at, r.sequence)
	f.write(frame)
	for _, heard := range st.sound {
		if heard.msn >= c.msn {
			f.hear(heard)
		}
	}
}

// hear takes a frame of the source's sound.
func (f *Follower) hear(heard sound) {
	if f.cutter == nil {
		return
	}
	f.sound = append(f.sound, heard)
	f.mix()
}

// mix puts the sound of the open segment in.
func (f *Follower) mix() {
	for f.cutter != nil && len(f.sound) > 0 && f.sound[0].msn <= f.r.next {
		frame := f.sound[0].frame
		f.sound[0] = sound{}
		f.sound = f.sound[1:]
		f.write(frame)
	}
}

func (f *Follower) write(frame media.Frame) {
	parts, err := f.cutter.Write(frame)
	f.put(parts)
	if err != nil { // it jumps
		f.lose()
	}
}
