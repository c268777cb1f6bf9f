package viewer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
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
	linkMessages  = 128     // that wait to be written; what comes on top is dropped
)

// scratch is what messages are read into, and outgoing what they wait in for their turn: of all links together, as a link needs either but for moments.
var (
	scratch  = sync.Pool{New: func() any { return new([maxMessage]byte) }}
	outgoing = sync.Pool{New: func() any { return new([]byte) }}
)

// link is one peer connection with its data channel. Its goroutine makes it and then reads messages. The peer's signals are applied in order,
// and messages written, by goroutines that are there while there is something to do: a write can wait for ever where pion's SCTP locks
// up, see end, and the session waits for nobody.
type link struct {
	peer    scheduler.Peer
	ctx     context.Context
	close   context.CancelFunc
	signals *lane
	writes  *lane
	dropped *atomic.Uint64
	stuck   *atomic.Uint64

	// How it tells the session, which waits when the session is behind. Called on pion's goroutines where pion holds no lock:
	// the session asks pion how much waits. OnBufferedAmountLow is called under one, hence session.backlog.
	signal  func(b []byte)
	up      func(*datachannel.DataChannel)
	down    func(broke bool) // broke: it failed, and the peer did not close it
	message func(b []byte)

	opened   chan *datachannel.DataChannel // once it is open
	waiting  atomic.Int64                  // bytes in writes
	answered atomic.Bool                   // the peer's description has come
	early    []webrtc.ICECandidateInit     // candidates that came before it; of whoever applies signals

	// Owned by the session.
	channel  *datachannel.DataChannel // nil until it is open
	buffered int                      // bytes on the way, as the scheduler was told
	sending  bool                     // bytes may be on the way still
}

// run opens the connection and reads what comes by it; initiate: this side makes the offer. It calls ended when the link is closed and all that it started has
// ended, or was left behind.
func (l *link) run(p *ports, how reach, initiate bool, ended func()) {
	pc, err := p.api.NewPeerConnection(webrtc.Configuration{
		ICEServers:         how.servers,
		ICETransportPolicy: how.policy(),
		Certificates:       []webrtc.Certificate{p.certificate},
	})
	if err != nil {
		l.down(true)
		l.close()
		ended()
		return
	}
	read := make(chan struct{})
	defer close(read)
	context.AfterFunc(l.ctx, func() {
		defer ended()
		l.end(pc, read)
	})
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
	err = l.open(pc)
	if err == nil && initiate {
		err = l.describe(pc, wire.Offer, pc.CreateOffer)
	}
	if err != nil {
		l.fail()
		return
	}
	l.signals.open(func(b []byte) {
		if err := l.apply(pc, b); err != nil {
			l.fail()
		}
	})
	select {
	case c := <-l.opened:
		l.writes.open(func(b []byte) { l.write(c, b) })
		l.read(c)
	case <-l.ctx.Done():
	}
}

// fail gives the link up: it cannot be made.
func (l *link) fail() {
	l.down(true)
	l.close()
}

// end closes the connection and waits for all that was started for it. pion's SCTP can lock up for ever when both sides close
// while its handshake is under way (its reader waits in completeHandshake for a reader that is gone): such a connection
// is left behind rather than waited for.
func (l *link) end(pc *webrtc.PeerConnection, read <-chan struct{}) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		pc.GracefulClose()
		l.signals.end()
		l.writes.end()
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

// read passes on messages until the channel closes. It reads by itself, since pion's own reader holds 64 KiB for each link; without room for a
// message pion says so, and has it still.
func (l *link) read(r *datachannel.DataChannel) {
	for {
		_, _, err := r.ReadDataChannel(nil)
		if errors.Is(err, io.ErrShortBuffer) {
			err = l.take(r)
		}
		if err != nil {
			l.down(false)
			return
		}
	}
}

// take passes on the message that is there.
func (l *link) take(r *datachannel.DataChannel) error {
	b := scratch.Get().(*[maxMessage]byte)
	defer scratch.Put(b)
	n, text, err := r.ReadDataChannel(b[:])
	if err == nil && !text {
		l.message(bytes.Clone(b[:n]))
	}
	return err
}

// apply does what a signal of the peer says. Candidates that come before the description wait.
func (l *link) apply(pc *webrtc.PeerConnection, b []byte) error {
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
			l.early = append(l.early, c)
		}
	}
	if err != nil || pc.RemoteDescription() == nil {
		return err
	}
	l.answered.Store(true)
	for _, c := range l.early {
		pc.AddICECandidate(c) // one that cannot be used (mDNS, IPv6) is no fault of the link
	}
	l.early = nil
	return nil
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

// hear queues a signal of the peer.
func (l *link) hear(b []byte) {
	if len(b) >= 2 && !l.signals.put(bytes.Clone(b)) {
		l.dropped.Add(1)
	}
}

// write passes a message to the channel.
func (l *link) write(w *datachannel.DataChannel, b []byte) {
	w.Write(b) // if the channel has closed, its reader tells
	l.waiting.Add(int64(-len(b)))
	b = b[:0]
	outgoing.Put(&b)
}

// send puts a message on its way; false if it was dropped.
func (l *link) send(b []byte) bool {
	if l.channel == nil || l.onTheWay() > linkBacklog {
		return false
	}
	l.sending = true
	l.waiting.Add(int64(len(b)))
	if !l.writes.put(append(*outgoing.Get().(*[]byte), b...)) {
		l.waiting.Add(int64(-len(b)))
		return false
	}
	return true
}

// onTheWay is how many bytes wait, here and in the channel.
func (l *link) onTheWay() int { return int(l.waiting.Load()) + int(l.channel.BufferedAmount()) }
