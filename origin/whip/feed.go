package whip

import (
	"sync"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/pion/rtp"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/stream"
)

// patience is how long the first frames wait for the other track's.
const patience = 2 * time.Second

// opening is how long after the first key frame the second is asked for: the first segment ends there, and whoever waits
// can begin to play.
const opening = 650 * time.Millisecond

// feed turns packets of both tracks into a session's frames.
type feed struct {
	// static
	session  *stream.Session
	begun    time.Time
	keyframe func() // asks the broadcaster for one

	mu        sync.Mutex
	wanted    struct{ video, audio bool }
	video     clock
	audio     clock
	order     [2]reorder
	unit      depacketizer
	decode    *h264.DTSExtractor
	sps, pps  []byte
	track     *media.Track // video
	sound     *media.Track
	running   bool
	held      []media.Frame
	waitKey   bool
	firstKey  time.Time
	opened    bool // the second key frame was asked for
	lastKey   time.Time
	lastVideo time.Duration
	err       error
}

func newFeed(s *stream.Session, o offer, keyframe func()) *feed {
	f := &feed{
		session: s, begun: time.Now(), keyframe: keyframe, video: clock{rate: 90000}, audio: clock{rate: 48000},
		waitKey: true,
	}
	f.wanted.video, f.wanted.audio = len(o.video) > 0, len(o.audio) > 0
	return f
}

// packet takes a packet of either track that came now. The error is the session's end.
func (f *feed) packet(video bool, p *rtp.Packet, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.session.Received(p.MarshalSize())
	f.session.FirstByte(now)
	if !f.opened && !f.firstKey.IsZero() && now.Sub(f.firstKey) >= opening {
		f.opened = true
		f.keyframe()
	}
	if video {
		f.order[0].push(now, p, func(p *rtp.Packet, lost bool) { f.videoPacket(p, lost, now) })
	} else {
		f.order[1].push(now, p, func(p *rtp.Packet, _ bool) { f.audioPacket(p, now) })
	}
	return f.err
}

// report takes a sender report.
func (f *feed) report(video bool, ntp uint64, timestamp uint32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if video {
		f.video.report(ntp, timestamp)
	} else {
		f.audio.report(ntp, timestamp)
	}
}

// stale tells whether no key frame came for as long as d.
func (f *feed) stale(now time.Time, d time.Duration) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wanted.video && now.Sub(f.lastKey) > d
}

func (f *feed) videoPacket(p *rtp.Packet, lost bool, now time.Time) {
	u, broken := f.unit.push(p, lost)
	if broken && !f.waitKey {
		// Pictures that lean on a lost one would show garbage: the last good one stands until the next key frame.
		f.waitKey = true
		f.keyframe()
	}
	if u == nil {
		return
	}
	s := media.ParseH264(u.nals)
	f.parameters(s)
	if len(s.Bytes) == 0 || f.track == nil || f.waitKey && !s.Key {
		return
	}
	f.video.follow(&f.audio)
	pts := f.video.time(u.timestamp, now.Sub(f.begun))
	if s.Key {
		f.waitKey, f.lastKey = false, now
		if f.firstKey.IsZero() {
			f.firstKey = now
		}
		if f.decode == nil {
			f.decode = &h264.DTSExtractor{}
			f.decode.Initialize()
		}
	}
	dts := f.dts(u.nals, s, pts)
	f.write(media.Frame{Video: true, DTS: dts, PTS: max(pts, dts), Key: s.Key, Bytes: s.Bytes})
}

// dts works out the decode time; browsers send no B-frames, other broadcasters may.
func (f *feed) dts(nals [][]byte, s media.H264Unit, pts time.Duration) time.Duration {
	if s.SPS == nil && s.Key {
		nals = append([][]byte{f.sps}, nals...)
	}
	dts := int64(pts)
	if f.decode != nil {
		var err error
		if dts, err = f.decode.Extract(nals, int64(pts)); err != nil {
			f.decode = nil // until the next key frame
			dts = int64(pts)
		}
	}
	f.lastVideo = max(time.Duration(min(dts, int64(pts))), f.lastVideo+time.Millisecond)
	return f.lastVideo
}

// parameters notes new parameter sets; a change begins a new timeline.
func (f *feed) parameters(s media.H264Unit) {
	if s.SPS != nil {
		f.sps = s.SPS
	}
	if s.PPS != nil {
		f.pps = s.PPS
	}
	if !s.Key || f.sps == nil || f.pps == nil {
		return
	}
	t, err := media.NewH264(f.sps, f.pps)
	if err != nil {
		f.err = err
		return
	}
	if f.track != nil && f.track.Same(t) {
		return
	}
	f.track = &t
	if f.running {
		f.start()
	}
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
	f.held = append(f.held, frame)
	missing := f.wanted.video && f.track == nil || f.wanted.audio && f.sound == nil
	if missing && time.Since(f.begun) < patience && len(f.held) < 1000 {
		return
	}
	f.start()
	held := f.held
	f.held = nil
	for _, h := range held {
		if f.err == nil {
			f.err = f.session.Write(h)
		}
	}
}

func (f *feed) start() {
	var tracks []media.Track
	for _, t := range []*media.Track{f.track, f.sound} {
		if t != nil {
			tracks = append(tracks, *t)
		}
	}
	f.running = true
	f.err = f.session.SetTracks(tracks)
}
