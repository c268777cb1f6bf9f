package viewer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	closePatience = 3 * time.Second
	linkBacklog   = 1 << 20 // bytes on the way to one peer; what comes on top is dropped
	linkSignals   = 64      // signals of a peer that wait to be applied; more are dropped
	linkBuffer    = 4 << 10 // for messages; what is larger has a buffer of its own
	linkMessages  = 128     // that wait to be written; what comes on top is dropped
)

// link is one peer connection with its data channel. Its goroutine makes it, applies the peer's signals in order and
// closes it, one more reads messages, and one writes them: a write can wait for ever where pion's SCTP locks up, see end,
// and the session waits for nobody.
type link struct {
	peer    scheduler.Peer
	ctx     context.Context
	close   context.CancelFunc
	signals chan []byte
	dropped *atomic.Uint64
	stuck   *atomic.Uint64

	// How it tells the session, which waits when the session is behind. Called on pion's goroutines where pion holds no lock:
	// the session asks pion how much waits. OnBufferedAmountLow is called under one, hence session.backlog.
	signal  func(b []byte)
	up      func(*datachannel.DataChannel)
	down    func(broke bool) // broke: it failed, and the peer did not close it
	message func(b []byte)

	opened   chan *datachannel.DataChannel // once it is open
	outgoing chan []byte
	waiting  atomic.Int64 // bytes in outgoing
	answered atomic.Bool  // the peer's description has come

	// Owned by the session.
	channel  *datachannel.DataChannel // nil until it is open
	buffered int                      // bytes on the way, as the scheduler was told
	sending  bool                     // bytes may be on the way still
}

// run opens the connection; initiate: this side makes the offer.
func (l *link) run(p *ports, how reach, initiate bool) {
	pc, err := p.api.NewPeerConnection(webrtc.Configuration{
		ICEServers:         how.servers,
		ICETransportPolicy: how.policy(),
		Certificates:       []webrtc.Certificate{p.certificate},
	})
	if err != nil {
		l.down(true)
		return
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.read()
	}()
	defer l.end(pc, ended)
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c == nil || how.hides(c) {
			return
		}
		if text, err := json.Marshal(c.ToJSON()); err == nil {
			l.signal(append([]byte{byte(wire.Candidate)}, text...))
		}
	})
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateClosed {
			l.down(s == webrtc.PeerConnectionStateFailed)
		}
	})
	if err := l.open(pc); err != nil {
		l.down(true)
		return
	}
	if initiate {
		if err := l.describe(pc, wire.Offer, pc.CreateOffer); err != nil {
			l.down(true)
			return
		}
	}
	l.apply(pc)
}

// end closes the connection and waits for all that it started. pion's SCTP can lock up for ever when both sides close
// while its handshake is under way (its reader waits in completeHandshake for a reader that is gone): such a connection
// is left behind rather than waited for.
func (l *link) end(pc *webrtc.PeerConnection, read <-chan struct{}) {
	l.close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		pc.GracefulClose()
		<-read
	}()
	patience := time.NewTimer(closePatience)
	defer patience.Stop()
	select {
	case <-done:
	case <-patience.C:
		l.stuck.Add(1)
	}
}

// open makes the data channel, which both sides know without negotiation.
func (l *link) open(pc *webrtc.PeerConnection) error {
	yes, id := true, uint16(0)
	c, err := pc.CreateDataChannel("shoal", &webrtc.DataChannelInit{Ordered: &yes, Negotiated: &yes, ID: &id})
	if err != nil {
		return err
	}
	c.OnOpen(func() {
		if r, err := c.Detach(); err == nil {
			channel := r.(*datachannel.DataChannel)
			l.up(channel)
			l.opened <- channel
		}
	})
	return nil
}

// read passes on messages until the channel closes. It reads by itself, since pion's own reader holds 64 KiB for each link.
func (l *link) read() {
	var r *datachannel.DataChannel
	select {
	case r = <-l.opened:
	case <-l.ctx.Done():
		return
	}
	written := make(chan struct{})
	defer func() { <-written }()
	go func() {
		defer close(written)
		l.write(r)
	}()
	kept := make([]byte, linkBuffer)
	for b := kept; ; b = kept {
		n, text, err := r.ReadDataChannel(b)
		for errors.Is(err, io.ErrShortBuffer) && len(b) < maxMessage {
			b = make([]byte, 4*len(b)) // the message is still there
			n, text, err = r.ReadDataChannel(b)
		}
		switch {
		case err != nil:
			l.down(false)
			return
		case text:
		case len(b) > linkBuffer && 2*n > len(b):
			l.message(b[:n:n])
		default:
			l.message(slices.Clone(b[:n]))
		}
	}
}

// apply works through the peer's signals until the link is closed. Candidates that come before the description wait.
func (l *link) apply(pc *webrtc.PeerConnection) {
	var early []webrtc.ICECandidateInit
	for {
		var b []byte
		select {
		case <-l.ctx.Done():
			return
		case b = <-l.signals:
		}
		kind, text := wire.SignalKind(b[0]), string(b[1:])
		var err error
		switch kind {
		case wire.Offer:
			if err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text}); err == nil {
				err = l.describe(pc, wire.Answer, func(*webrtc.OfferOptions) (webrtc.SessionDescription, error) {
					return pc.CreateAnswer(nil)
				})
			}
		case wire.Answer:
			err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text})
		case wire.Candidate:
			var c webrtc.ICECandidateInit
			if json.Unmarshal([]byte(text), &c) == nil {
				early = append(early, c)
			}
		}
		if err != nil {
			l.down(true)
			return
		}
		if pc.RemoteDescription() == nil {
			continue
		}
		l.answered.Store(true)
		for _, c := range early {
			pc.AddICECandidate(c) // one that cannot be used (mDNS, IPv6) is no fault of the link
		}
		early = early[:0]
	}
}

// describe sets and signals our description.
func (l *link) describe(pc *webrtc.PeerConnection, kind wire.SignalKind, create func(*webrtc.OfferOptions) (webrtc.SessionDescription, error)) error {
	d, err := create(nil)
	if err != nil {
		return err
	}
	// Signalled first: our candidates follow the description that they belong to.
	l.signal(append([]byte{byte(kind)}, d.SDP...))
	return pc.SetLocalDescription(d)
}

// take queues a signal of the peer.
func (l *link) take(b []byte) {
	if len(b) < 2 {
		return
	}
	select {
	case l.signals <- append([]byte(nil), b...):
	default:
		l.dropped.Add(1)
	}
}

// write passes messages to the channel until the link is closed.
func (l *link) write(w *datachannel.DataChannel) {
	for {
		select {
		case <-l.ctx.Done():
			return
		case b := <-l.outgoing:
			w.Write(b) // if the channel has closed, its reader tells
			l.waiting.Add(int64(-len(b)))
		}
	}
}

// send puts a message on its way; false if it was dropped.
func (l *link) send(b []byte) bool {
	if l.channel == nil || l.onTheWay() > linkBacklog {
		return false
	}
	l.sending = true
	l.waiting.Add(int64(len(b)))
	select {
	case l.outgoing <- slices.Clone(b):
		return true
	default:
		l.waiting.Add(int64(-len(b)))
		return false
	}
}

// onTheWay is how many bytes wait, here and in the channel.
func (l *link) onTheWay() int { return int(l.waiting.Load()) + int(l.channel.BufferedAmount()) }
