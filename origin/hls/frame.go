package hls

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Eyevinn/hls-m3u8/m3u8"
)

// outline is all that a playlist says about itself, beside the part that it hints at.
type outline struct {
	version       uint8
	first         uint64 // MSN
	discontinuity uint64 // before it
	skipped       int
	ended, hints  bool
}

// outline returns that of a view.
func (v *View) outline(skipped int) outline {
	o := outline{version: versionMap, first: v.Next, skipped: skipped, ended: v.Ended, hints: !v.Ended && !v.config.Plain}
	if slices.ContainsFunc(v.Segments, func(s *Segment) bool { return s.Gap }) {
		o.version = versionGap
	}
	if skipped > 0 {
		o.version = versionSkip
	}
	first := v.Open
	if len(v.Segments) > 0 {
		first = v.Segments[0]
	}
	if first != nil {
		o.first, o.discontinuity = first.MSN, first.Discontinuity-first.splits // whose own tags are still listed
	}
	return o
}

// frame is a playlist without segments, cut where they belong, and where the hinted part's address belongs.
type frame struct {
	outline
	head, tail, end string
}

// frames keeps the newest frame of each kind: it serves until another segment is the first.
type frames struct {
	mu           sync.Mutex
	whole, delta frame
}

// frame returns what stands before the segments, and what after them.
func (v *View) frame(skipped int) (head, tail string) {
	o := v.outline(skipped)
	v.frames.mu.Lock()
	kept := &v.frames.whole
	if skipped > 0 {
		kept = &v.frames.delta
	}
	if kept.head == "" || kept.outline != o {
		*kept = v.config.frame(o)
	}
	f := *kept
	v.frames.mu.Unlock()
	if !o.hints {
		return f.head, f.tail
	}
	return f.head, f.tail + v.config.uri(Name{Kind: KindPart, Number: v.Next, Part: v.parts()}) + f.end
}

// hinted stands where the address of the hinted part belongs.
const hinted = "PART"

// frame has the library write a playlist without segments, and takes it apart.
func (c *Config) frame(o outline) frame {
	p, err := m3u8.NewMediaPlaylist(0, 1)
	if err != nil {
		panic("hls: " + err.Error()) // as in write
	}
	p.SetVersion(o.version)
	p.SetTargetDuration(uint(c.Target / time.Second))
	p.SetWritePrecision(precision)
	p.Closed, p.SeqNo, p.DiscontinuitySeq = o.ended, o.first, o.discontinuity
	p.ServerControl = &m3u8.ServerControl{
		CanSkipUntil: c.skipBoundary().Seconds(), HoldBack: 3 * c.Target.Seconds(), CanBlockReload: true,
	}
	if !c.Plain {
		p.PartTargetDuration = c.PartTarget.Seconds()
		p.ServerControl.PartHoldBack = 3 * c.PartTarget.Seconds()
	}
	if o.hints {
		p.SetPreloadHint("PART", hinted)
	}
	whole := p.Encode().String()
	at := len(whole) - len(body(whole))
	f := frame{outline: o, head: whole[:at], tail: whole[at:]}
	if sequence, rest, ok := strings.Cut(f.tail, "\n"); ok && strings.HasPrefix(sequence, "#EXT-X-DISCONTINUITY-SEQUENCE:") {
		f.head, f.tail = f.head+sequence+"\n", rest
	} else {
		f.head += "#EXT-X-DISCONTINUITY-SEQUENCE:0\n" // it must be there where discontinuities can be removed (6.2.2)
	}
	if o.skipped > 0 {
		f.head += "#EXT-X-SKIP:SKIPPED-SEGMENTS=" + strconv.Itoa(o.skipped) + "\n"
	}
	if o.hints {
		at := strings.LastIndex(f.tail, hinted)
		f.tail, f.end = f.tail[:at], f.tail[at+len(hinted):]
	}
	return f
}
