package whip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/stream"
)

const (
	silence   = 10 * time.Second // without media a broadcaster is gone
	maxTracks = 64               // of a session: each source that begins is one, also where it takes the place of another
)

// Why a session ends that is not broken.
var (
	errSilent  = errors.New("whip: no media came for 10 s")
	errDeleted = errors.New("whip: the broadcaster ended it")
	errClosed  = errors.New("whip: the broadcaster closed the connection")
	errSources = errors.New("whip: the broadcaster sends from more sources than there can be")
)

// session is one broadcaster's peer connection.
type session struct {
	*rtc.Session // heard of with each packet

	// static
	publish *stream.Session
	pc      *webrtc.PeerConnection
	feed    *feed

	readers sync.WaitGroup

	mu    sync.Mutex
	ssrcs []uint32 // of video
	over  bool     // no track is read any more
	count int      // of tracks
}

// answer makes a session of an offer; its SDP answer holds all our candidates.
func (e *Endpoint) answer(ctx context.Context, name, sdp string, o offer, publish *stream.Session) (*session, string, error) {
	pc, err := connect(e.config.Port, o, rtc.Aside{Log: e.config.Log})
	if err != nil {
		return nil, "", err
	}
	s := &session{Session: rtc.NewSession(name), publish: publish, pc: pc}
	s.feed = newFeed(publish, o, s.askKeyframe)
	pc.OnTrack(s.track)
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateFailed:
			s.End(fmt.Errorf("whip: connection %s", state))
		case webrtc.PeerConnectionStateClosed: // by a word of DTLS: of a network that is gone there is none
			s.End(errClosed)
		}
	})
	var text string
	s.Negotiation, text, err = rtc.Negotiate(ctx, pc, sdp, s.Ended(), nil)
	if err != nil {
		_ = pc.GracefulClose()
		return nil, "", err
	}
	return s, text, nil
}

// track reads one track until the connection closes.
func (s *session) track(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
	var l *layer
	if t.Kind() == webrtc.RTPCodecTypeVideo {
		if l = s.feed.layer(t.RID()); l == nil {
			return // nobody offered it
		}
	}
	if !s.enter(t) {
		return
	}
	if l != nil {
		s.askKeyframe()
	}
	go func() {
		defer s.readers.Done()
		s.readReports(l, t, r)
	}()
	go func() {
		defer s.readers.Done()
		for {
			p, _, err := t.ReadRTP()
			if err != nil {
				return // the connection is closed; its state tells why
			}
			now := time.Now()
			s.Hear(now)
			if err := s.feed.packet(l, p, now); err != nil {
				s.End(err)
				return
			}
		}
	}()
}

// enter notes a track that two readers are to read. It is false after the session's end: pion tells of tracks whenever it comes to it.
func (s *session) enter(t *webrtc.TrackRemote) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	if s.count++; s.count > maxTracks {
		s.End(errSources)
		return false
	}
	if ssrc := uint32(t.SSRC()); t.Kind() == webrtc.RTPCodecTypeVideo && !slices.Contains(s.ssrcs, ssrc) {
		s.ssrcs = append(s.ssrcs, ssrc)
	}
	s.readers.Add(2)
	return true
}

func (s *session) readReports(l *layer, t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
	for {
		var packets []rtcp.Packet
		var err error
		if t.RID() == "" {
			packets, _, err = r.ReadRTCP()
		} else {
			packets, _, err = r.ReadSimulcastRTCP(t.RID())
		}
		if err != nil {
			return
		}
		for _, p := range packets {
			if sr, ok := p.(*rtcp.SenderReport); ok {
				s.feed.report(l, sr.SSRC, sr.NTPTime, sr.RTPTime)
			}
		}
	}
}

// askKeyframe sends a picture loss indication to all layers, in one datagram: their key frames are then of the same moment.
func (s *session) askKeyframe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ask []rtcp.Packet
	for _, ssrc := range s.ssrcs {
		ask = append(ask, &rtcp.PictureLossIndication{MediaSSRC: ssrc})
	}
	if len(ask) > 0 {
		_ = s.pc.WriteRTCP(ask) // an error means that the connection is going down, which is noticed elsewhere
	}
}

// run keeps the session until it ends, and closes all of it.
func (s *session) run(ctx context.Context, keyframes time.Duration) error {
	tick := time.NewTicker(keyframes)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			if s.Silence(now) > silence {
				s.End(errSilent)
			}
			if s.feed.stale(now, keyframes/2) {
				s.askKeyframe()
			}
			continue
		case <-s.feed.opens:
			tick.Reset(keyframes) // from there on segments are as long as they should be
			continue
		case <-s.publish.Replaced():
			s.End(s.publish.Why())
		case <-ctx.Done():
			s.End(ctx.Err())
		case <-s.Ended():
		}
		break
	}
	err := s.pc.GracefulClose()
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.readers.Wait()
	cause := s.Cause()
	s.feed.close()
	if errors.Is(cause, errDeleted) || errors.Is(cause, errClosed) {
		s.publish.End()
	}
	s.publish.Close()
	return errors.Join(cause, err)
}
