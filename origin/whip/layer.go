package whip

import (
	"time"

	"github.com/pion/rtp"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/stream"
)

const (
	recent = 64                      // pictures whose times are remembered
	pause  = 1500 * time.Millisecond // without a picture a layer rests, as one does for which there is no bandwidth
)

// layer is one video stream of a broadcast: all there is, or one of simulcast. Its fields are guarded by the feed's mu.
type layer struct {
	rid   string
	index int // of the rendition it is

	source source
	unit   depacketizer
	coding coding
	clock  clock

	track   *media.Track
	decode  decodeOrder
	waitKey bool
	last    time.Duration // decode time of the newest picture

	since  time.Time // it has sent without a pause ...
	heard  time.Time // ... until now
	recent [recent]moment
	count  int

	shift    follow
	follower *stream.Follower // of a layer beside the leader, once it has one
	taken    bool             // its rendition is made by somebody else
}

// moment is when a picture was shown, in ticks of its layer's clock and in time of the session.
type moment struct {
	ticks int64
	at    time.Duration
}

func newLayer(rid, name string) *layer {
	c := codings[name].new()
	return &layer{rid: rid, clock: clock{rate: 90000}, coding: c, unit: depacketizer{coding: c}, waitKey: true}
}

// alive tells whether pictures come.
func (l *layer) alive(now time.Time) bool { return !l.heard.IsZero() && now.Sub(l.heard) < pause }

// area is how large its pictures are, 0 while that is not known.
func (l *layer) area() int {
	if l.track == nil {
		return 0
	}
	return l.track.Width * l.track.Height
}

// push adds a packet that is in its order. Broken tells that a picture was lost on which others lean.
func (l *layer) push(p *rtp.Packet, lost bool, now time.Time) (u *unit, seen picture, broken bool) {
	u, broken = l.unit.push(p, lost)
	broken = broken && !l.waitKey
	if broken {
		// Pictures that lean on a lost one would show garbage: the last good one stands until the next key frame.
		l.waitKey = true
	}
	if u == nil {
		return nil, seen, broken
	}
	seen, err := l.coding.read(u.parts)
	if err != nil {
		l.waitKey = true // it is as one that is lost
		return nil, seen, true
	}
	if len(seen.bytes) == 0 {
		return nil, seen, broken
	}
	if !l.alive(now) {
		l.since = now
	}
	l.heard = now
	return u, seen, broken
}

// parameters returns the track where a key frame brought another one.
func (l *layer) parameters() (changed bool, err error) {
	t, known, err := l.coding.track()
	if err != nil || !known || l.track != nil && l.track.Same(t) {
		return false, err
	}
	l.track = &t
	return true, nil
}

// dts works out the decode time; browsers send no B-frames, other broadcasters may.
func (l *layer) dts(units [][]byte, key bool, pts time.Duration) time.Duration {
	if key {
		if l.decode == nil {
			l.decode = l.coding.order()
		}
		units = append(l.coding.parameters(), units...)
	}
	dts := int64(pts)
	if l.decode != nil {
		var err error
		if dts, err = l.decode.Extract(units, int64(pts)); err != nil {
			l.decode = nil // until the next key frame
			dts = int64(pts)
		}
	}
	l.last = max(time.Duration(min(dts, int64(pts))), l.last+time.Millisecond)
	return l.last
}

// note remembers the picture that the clock is at.
func (l *layer) note(at time.Duration) {
	l.recent[l.count%recent] = moment{l.clock.ticks, at}
	l.count++
}

// newest returns what is remembered.
func (l *layer) newest() []moment { return l.recent[:min(l.count, recent)] }
