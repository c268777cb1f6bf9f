package whip

import (
	"time"

	"github.com/pion/rtp"
)

// source is who sends a layer, or the sound: one SSRC at a time. Another may take its place, as when a studio changes cameras; it counts
// from anywhere, in sequence and in time.
type source struct {
	began  bool
	ssrc   uint32
	before uint32    // in whose place it is: of what is late from there nothing is taken
	heard  time.Time // the newest packet
	order  reorder
}

// admit tells whether a packet that came now is to be taken, and whether it is the first of another source. The source before may
// come back once this one pauses.
func (s *source) admit(p *rtp.Packet, now time.Time) (taken, another bool) {
	switch {
	case !s.began:
		s.began, s.before = true, p.SSRC
	case p.SSRC == s.ssrc:
	case p.SSRC == s.before && now.Sub(s.heard) < pause:
		return false, false
	default:
		s.before, another = s.ssrc, true
		s.order = reorder{}
	}
	s.ssrc, s.heard = p.SSRC, now
	return true, another
}

// restart makes l ready for another source: what it sends means nothing before its first key frame.
func (l *layer) restart() {
	l.coding.drop()
	l.unit = depacketizer{coding: l.coding}
	l.clock = l.clock.anew()
	l.decode, l.waitKey = nil, true
	l.shift, l.count = follow{}, 0
}

// restart makes the feed ready for another source of a layer, or of the sound where that is nil.
func (f *feed) restart(l *layer) {
	if l == nil {
		f.audio = f.audio.anew()
		return
	}
	l.restart()
	if l == f.lead {
		for _, other := range f.layers {
			other.shift = follow{}
		}
	}
	f.keyframe()
}
