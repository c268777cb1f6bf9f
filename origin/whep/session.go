package whep

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
	"golang.org/x/time/rate"

	"github.com/shoal-live/shoal/origin/rtc"
)

const (
	silence      = 30 * time.Second // without a word of the viewer it is gone
	idle         = time.Minute      // without media of the broadcaster there is nothing to watch
	reportEvery  = time.Second
	secondReport = 250 * time.Millisecond // browsers need two to know how tracks lie to each other

	// A key frame, and what a viewer has missed, goes out no faster, so that it is not lost in a queue on the way.
	pace      = 4 << 20  // bytes a second
	paceBurst = 64 << 10 // bytes
	resent    = 2048     // packets that may be asked for again
)

// Why a session ends that is not broken.
var (
	errGone    = errors.New("whep: nothing was heard of the viewer for 30 s")
	errOver    = errors.New("whep: the broadcaster sent nothing for a minute")
	errDeleted = errors.New("whep: the viewer ended it")
	errRevoked = errors.New("whep: the publish key of this viewer was removed")
	errClosed  = errors.New("whep: the viewer closed the connection")
)

// session is one viewer's peer connection.
type session struct {
	// static
	id          string
	name        string
	key         string // that let the viewer in
	pc          *webrtc.PeerConnection
	negotiation *rtc.Negotiation
	feed        *feed
	queue       *queue
	video       *outlet
	audio       *outlet // nil: none

	heard     atomic.Int64 // Unix nanoseconds of the newest word of the viewer
	sent      atomic.Int64 // bytes
	connected chan struct{}
	ended     chan struct{} // it is to end
	closed    chan struct{} // it has ended
	end       func(err error)
	cause     error // once ended is closed
}

// answer makes a session of an offer; its SDP answer holds all our candidates. Without sound the answer's audio is inactive.
func answer(ctx context.Context, port *rtc.Port, log rtc.Aside, id, sdp string, o offer, f *feed, video codec, sound bool) (*session, string, error) {
	s := &session{
		id: id, name: f.stream.Name, feed: f, queue: newQueue(video.name, sound),
		connected: make(chan struct{}), ended: make(chan struct{}), closed: make(chan struct{}),
	}
	var ending, connecting sync.Once
	s.end = func(err error) { ending.Do(func() { s.cause = err; close(s.ended) }) }
	s.heard.Store(time.Now().UnixNano())
	var err error
	if s.pc, err = connect(port, log, o, video); err != nil {
		return nil, "", err
	}
	s.pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateConnected:
			connecting.Do(func() { close(s.connected) })
		case webrtc.PeerConnectionStateFailed:
			s.end(fmt.Errorf("whep: connection %s", state))
		case webrtc.PeerConnectionStateClosed:
			s.end(errClosed)
		}
	})
	var text string
	s.negotiation, text, err = rtc.Negotiate(ctx, s.pc, sdp, s.ended, func() error { return s.addTracks(o, video) })
	if err != nil {
		_ = s.pc.GracefulClose()
		return nil, "", err
	}
	return s, text, nil
}

// connect makes a peer connection that has exactly the codecs that are sent.
func connect(port *rtc.Port, log rtc.Aside, o offer, video codec) (*webrtc.PeerConnection, error) {
	settings, err := port.Settings()
	if err != nil {
		return nil, fmt.Errorf("whep: %w", err)
	}
	engine, registry := &webrtc.MediaEngine{}, &interceptor.Registry{}
	responder, err := nack.NewResponderInterceptor(nack.ResponderSize(resent), nack.WithResponderLoggerFactory(log))
	if err != nil {
		return nil, fmt.Errorf("whep: %w", err)
	}
	registry.Add(responder)
	var errs []error
	if o.hasVideo {
		errs = append(errs, engine.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: video.capability(), PayloadType: webrtc.PayloadType(video.payload),
		}, webrtc.RTPCodecTypeVideo))
	}
	if c, ok := o.opus(); ok {
		errs = append(errs, engine.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: c.capability(), PayloadType: webrtc.PayloadType(c.payload),
		}, webrtc.RTPCodecTypeAudio))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("whep: %w", err)
	}
	api := webrtc.NewAPI(
		webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(settings))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, fmt.Errorf("whep: %w", err)
	}
	return pc, nil
}

// addTracks adds what is sent. What is not is stopped, of which the answer says inactive.
func (s *session) addTracks(o offer, video codec) (err error) {
	if s.video, err = s.add(video); err != nil {
		return err
	}
	if c, ok := o.opus(); ok && s.queue.sound {
		if s.audio, err = s.add(c); err != nil {
			return err
		}
	}
	for _, t := range s.pc.GetTransceivers() {
		if t.Sender() == nil || t.Sender().Track() == nil {
			if err := t.Stop(); err != nil {
				return fmt.Errorf("whep: %w", err)
			}
		}
	}
	return nil
}

func (s *session) add(c codec) (*outlet, error) {
	o, err := newOutlet(c)
	if err != nil {
		return nil, fmt.Errorf("whep: %w", err)
	}
	if o.sender, err = s.pc.AddTrack(o.local); err != nil {
		return nil, fmt.Errorf("whep: %w", err)
	}
	return o, nil
}

// run keeps the session until it ends, and closes all of it.
func (s *session) run(ctx context.Context) error {
	sending, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	for _, o := range []*outlet{s.video, s.audio} {
		if o != nil {
			all.Go(func() { s.listen(o) })
		}
	}
	all.Go(func() {
		select {
		case <-s.connected:
			s.send(sending)
		case <-sending.Done():
		}
	})
	s.watch(ctx)
	stop()
	err := s.pc.GracefulClose()
	all.Wait()
	s.feed.leave(s.queue) // after what joins it
	<-s.ended
	return errors.Join(s.cause, err)
}

// watch returns when the session is to end.
func (s *session) watch(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			if now.Sub(time.Unix(0, s.heard.Load())) > silence {
				s.end(errGone)
			}
			if s.feed.quiet(now) > idle {
				s.end(errOver)
			}
		case <-s.queue.failed:
			s.end(s.queue.why())
		case <-ctx.Done():
			s.end(ctx.Err())
		case <-s.ended:
			return
		}
	}
}

// listen reads what the viewer says of a track until the connection closes.
func (s *session) listen(o *outlet) {
	for {
		packets, _, err := o.sender.ReadRTCP()
		if err != nil {
			return
		}
		now := time.Now()
		s.heard.Store(now.UnixNano())
		for _, p := range packets {
			switch p.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				s.queue.lost(now)
			}
		}
	}
}

// send sends what the feed gives. What came since the newest key frame goes first: a browser shows late pictures at once, as fast as it can.
func (s *session) send(ctx context.Context) {
	pacer := rate.NewLimiter(pace, paceBurst)
	missed := s.feed.join(s.queue, time.Now())
	for _, u := range missed {
		if err := s.put(ctx, pacer, u); err != nil {
			s.end(err)
			return
		}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	next := secondReport
	for {
		var err error
		select {
		case u := <-s.queue.c:
			err = s.put(ctx, pacer, u)
		case now := <-timer.C:
			s.report(now)
			timer.Reset(next)
			next = reportEvery
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			s.end(err)
			return
		}
	}
}

func (s *session) put(ctx context.Context, pacer *rate.Limiter, u unit) error {
	o := s.video
	if !u.Video {
		o = s.audio
	}
	for _, p := range o.pack(u) {
		n := p.MarshalSize()
		if err := pacer.WaitN(ctx, n); err != nil {
			return err
		}
		if err := o.write(p); err != nil {
			return fmt.Errorf("whep: send: %w", err)
		}
		s.sent.Add(int64(n))
	}
	return nil
}

// report tells the viewer which moments of sound and picture are one.
func (s *session) report(now time.Time) {
	zero, known := s.feed.zero()
	if !known {
		return
	}
	for _, o := range []*outlet{s.video, s.audio} {
		if o != nil && o.packets > 0 {
			// an error means that the connection is going down, which is noticed elsewhere
			_ = s.pc.WriteRTCP([]rtcp.Packet{o.report(zero, now)})
		}
	}
}
