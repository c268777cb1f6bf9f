package whip

import (
	"sync"
	"time"

	"github.com/pion/rtp"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/stream"
)

// How long the first frames wait for the other track's, and how many of them.
const (
	patience = 2 * time.Second
	maxHeld  = 1000
	maxBytes = 16 << 20
)

// opening is how long after the first key frame the second is asked for: the first segment ends there, and whoever waits
// can begin to play. It comes a picture later, or up to an eighth of a second where the broadcaster is far away, and in all that time is in the
// midst of the third part: shortly after the end of one, as it would be behind 0.65 s, the next would be a crumb.
const opening = 800 * time.Millisecond

// feed turns packets of all tracks into a session's frames. Of several layers of video one leads, and is the source.
type feed struct {
	// static
	session  *stream.Session
	begun    time.Time // what the times of the session count from
	keyframe func()    // asks the broadcaster for one, in all layers

	mu      sync.Mutex
	layers  []*layer  // as the offer has them; none: no video
	lead    *layer    // nil: not chosen yet
	waiting time.Time // for all layers, since
	changed bool      // the tracks did, and the session is to know with the next key frame
	wanted  bool      // sound
	audio   clock
	speaker source // of audio
	sound   *media.Track

	running  bool
	held     []media.Frame
	size     int // of them, bytes
	firstKey time.Time
	opened   bool          // the second key frame was asked for
	opens    chan struct{} // gets one then
	lastKey  time.Time
	err      error
}

func newFeed(s *stream.Session, o offer, keyframe func()) *feed {
	f := &feed{
		session: s, begun: time.Now(), opens: make(chan struct{}, 1), keyframe: keyframe, audio: clock{rate: 48000}, wanted: len(o.audio) > 0,
	}
	switch {
	case len(o.video) == 0:
	case len(o.layers) == 0:
		f.layers = []*layer{newLayer("", o.coding)}
		f.lead = f.layers[0]
	default:
		for i, rid := range o.layers {
			f.layers = append(f.layers, newLayer(rid, o.coding))
			f.layers[i].index = i
		}
	}
	return f
}

// layer returns the one of a name, nil if there is none.
func (f *feed) layer(rid string) *layer {
	for _, l := range f.layers {
		if l.rid == rid {
			return l
		}
	}
	return nil
}

// packet takes a packet that came now, of a layer or, where that is nil, of the sound. The error is the session's end.
func (f *feed) packet(l *layer, p *rtp.Packet, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.session.Received(p.MarshalSize())
	f.session.FirstByte(now)
	if !f.opened && !f.firstKey.IsZero() && now.Sub(f.firstKey) >= opening {
		f.opened = true
		f.keyframe()
		f.opens <- struct{}{}
	}
	from := &f.speaker
	if l != nil {
		from = &l.source
	}
	taken, another := from.admit(p, now)
	if another {
		f.restart(l)
	}
	switch {
	case !taken:
	case l != nil:
		from.order.push(now, p, func(p *rtp.Packet, lost bool) { f.videoPacket(l, p, lost, now) })
	default:
		from.order.push(now, p, func(p *rtp.Packet, _ bool) { f.audioPacket(p, now) })
	}
	return f.err
}

// report takes a sender report of a source.
func (f *feed) report(l *layer, ssrc uint32, ntp uint64, timestamp uint32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	clock, from := &f.audio, &f.speaker
	if l != nil {
		clock, from = &l.clock, &l.source
	}
	if from.ssrc == ssrc {
		clock.report(ntp, timestamp)
	}
}

// stale tells whether no key frame came for as long as d.
func (f *feed) stale(now time.Time, d time.Duration) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.layers) > 0 && now.Sub(f.lastKey) > d
}

func (f *feed) videoPacket(l *layer, p *rtp.Packet, lost bool, now time.Time) {
	u, seen, broken := l.push(p, lost, now)
	if broken {
		f.keyframe()
	}
	if u == nil {
		return
	}
	changed := false
	if seen.key {
		var err error
		if changed, err = l.parameters(); err != nil {
			f.err = err
			return
		}
	}
	if l == f.lead {
		l.clock.follow(&f.audio)
	}
	pts := l.clock.time(u.timestamp, now.Sub(f.begun))
	f.elect(now)
	if l != f.lead {
		f.follow(l, seen, changed)
		return
	}
	f.changed = f.changed || changed
	if l.track == nil || l.waitKey && !seen.key {
		return
	}
	if seen.key {
		l.waitKey, f.lastKey = false, now
		if f.firstKey.IsZero() {
			f.firstKey = now
		}
		if f.changed && f.running {
			f.start()
		}
		f.changed = false
	}
	dts := l.dts(u.parts, seen.key, pts)
	l.note(max(pts, dts))
	f.write(media.Frame{Video: true, DTS: dts, PTS: max(pts, dts), Key: seen.key, Bytes: seen.bytes})
}

func (f *feed) audioPacket(p *rtp.Packet, now time.Time) {
	if len(p.Payload) == 0 {
		return
	}
	if f.sound == nil {
		t, err := media.NewOpus(2) // RTP's Opus is always described as stereo: RFC 7587, section 7
		if err != nil {
			f.err = err
			return
		}
		f.sound = &t
		if f.running {
			f.start()
		}
	}
	at := f.audio.time(p.Timestamp, now.Sub(f.begun))
	f.write(media.Frame{DTS: at, PTS: at, Length: media.OpusLength(p.Payload), Key: true, Bytes: p.Payload})
}

// write hands a frame on, once it is known which tracks there are.
func (f *feed) write(frame media.Frame) {
	if f.err != nil {
		return
	}
	if f.running {
		f.err = f.session.Write(frame)
		return
	}
	f.held, f.size = append(f.held, frame), f.size+len(frame.Bytes)
	missing := len(f.layers) > 0 && (f.lead == nil || f.lead.track == nil) || f.wanted && f.sound == nil
	wait := patience
	if len(f.layers) > 1 {
		wait += allLayers
	}
	if missing && time.Since(f.begun) < wait && len(f.held) < maxHeld && f.size < maxBytes {
		return
	}
	f.start()
	held := f.held
	f.held, f.size = nil, 0
	for _, h := range held {
		if f.err == nil {
			f.err = f.session.Write(h)
		}
	}
}

func (f *feed) start() {
	var tracks []media.Track
	if f.lead != nil && f.lead.track != nil {
		tracks = append(tracks, *f.lead.track)
	}
	if f.sound != nil {
		tracks = append(tracks, *f.sound)
	}
	f.running = true
	f.err = f.session.SetTracks(tracks)
}
