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
	*rtc.Session // heard of with each report

	// static
	pc    *webrtc.PeerConnection
	feed  *feed
	queue *queue
	video *outlet
	audio *outlet // nil: none

	sent      atomic.Int64 // bytes
	connected chan struct{}
}

// answer makes a session of an offer; its SDP answer holds all our candidates. Without sound the answer's audio is inactive.
func answer(ctx context.Context, port *rtc.Port, log rtc.Aside, sdp string, o offer, f *feed, video rtc.Codec, sound bool) (*session, string, error) {
	s := &session{
		Session: rtc.NewSession(f.stream.Name), feed: f, queue: newQueue(video.Name, sound), connected: make(chan struct{}),
	}
	var connecting sync.Once
	var err error
	if s.pc, err = connect(port, log, o, video); err != nil {
		return nil, "", err
	}
	s.pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateConnected:
			connecting.Do(func() { close(s.connected) })
		case webrtc.PeerConnectionStateFailed:
			s.End(fmt.Errorf("whep: connection %s", state))
		case webrtc.PeerConnectionStateClosed:
			s.End(errClosed)
		}
	})
	var text string
	s.Negotiation, text, err = rtc.Negotiate(ctx, s.pc, sdp, s.Ended(), func() error { return s.addTracks(o, video) })
	if err != nil {
		_ = s.pc.GracefulClose()
		return nil, "", err
	}
	return s, text, nil
}

// connect makes a peer connection that has exactly the codecs that are sent.
func connect(port *rtc.Port, log rtc.Aside, o offer, video rtc.Codec) (*webrtc.PeerConnection, error) {
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
			RTPCodecCapability: capability(video), PayloadType: webrtc.PayloadType(video.Payload),
		}, webrtc.RTPCodecTypeVideo))
	}
	if c, ok := o.opus(); ok {
		errs = append(errs, engine.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: capability(c), PayloadType: webrtc.PayloadType(c.Payload),
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
func (s *session) addTracks(o offer, video rtc.Codec) (err error) {
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

func (s *session) add(c rtc.Codec) (*outlet, error) {
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
	return errors.Join(s.Cause(), err)
}

// watch returns when the session is to end.
func (s *session) watch(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			if s.Silence(now) > silence {
				s.End(errGone)
			}
			if s.feed.quiet(now) > idle {
				s.End(errOver)
			}
		case <-s.queue.failed:
			s.End(s.queue.why())
		case <-ctx.Done():
			s.End(ctx.Err())
		case <-s.Ended():
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
		s.Hear(now)
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
			s.End(err)
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
			s.End(err)
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
