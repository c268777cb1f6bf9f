package tracker

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
	"golang.org/x/time/rate"
)

const (
	joinWithin    = 5 * time.Second  // a socket must not be open longer without a Join
	messageWithin = 10 * time.Second // a message that has begun must not take longer
)

// viewer is one socket. Its reader is its one lasting goroutine; a writer runs only while there is something to write.
type viewer struct {
	t     *Tracker        // static
	conn  *websocket.Conn // static
	from  netip.Addr      // static; told to nobody
	heard atomic.Int64    // Unix seconds of the last sign of life

	// owned by the reader
	pass   *pass
	id     wire.ViewerID
	stream *stream
	budget *rate.Limiter

	// guarded by wheel.mu
	slot, place int

	// guarded by stream.mu
	member   wire.Member
	at       cell.Place // told to nobody
	reported time.Time  // up to where beacons have been credited
	playing  bool

	mu    sync.Mutex // guards what follows
	queue queue
}

func newViewer(t *Tracker, conn *websocket.Conn, from netip.Addr, at cell.Place) *viewer {
	budget := rate.NewLimiter(rate.Limit(t.config.MessagesPerSecond), t.config.MessageBurst)
	v := &viewer{t: t, conn: conn, from: from, at: at, budget: budget}
	v.touch(time.Now())
	conn.SetReadLimit(wire.MaxMessage)
	conn.SetPongHandler(v.ponged)
	conn.SetPingHandler(v.pinged)
	return v
}

func (v *viewer) touch(now time.Time) { v.heard.Store(now.Unix()) }

func (v *viewer) ponged(string) error {
	v.touch(time.Now())
	return v.spend(0)
}

func (v *viewer) pinged(text string) error {
	v.touch(time.Now())
	v.push(pong, []byte(text))
	return v.spend(0)
}

// serve is the reader's goroutine: it lives as long as the socket.
func (v *viewer) serve(host string) {
	defer v.t.release(v.from, v.pass)
	v.conn.NetConn().SetReadDeadline(time.Now().Add(joinWithin))
	if refused := v.talk(host); refused != nil {
		v.t.metrics.refused(int(refused.Reason))
		v.push(refusal, refused.Append(nil))
		v.bye(websocket.ClosePolicyViolation, refused.Text)
	}
	if v.stream != nil {
		v.stream.leave(v)
		v.t.leaveStream(v.stream)
	}
	v.linger()
	v.t.wheel.remove(v)
	v.mu.Lock()
	v.queue.shut()
	v.mu.Unlock()
	v.conn.Close()
}

// talk reads until the socket ends, or returns what the viewer must be refused for.
func (v *viewer) talk(host string) *wire.Refused {
	refused, err := v.next(func(kind int, b []byte, now time.Time) (*wire.Refused, error) {
		return v.join(kind, b, host, now), nil
	})
	if refused == nil && isTimeout(err) && v.stillOpen() {
		refused = &wire.Refused{Reason: wire.RefusedMessage, RetryAfter: 5, Text: "no Join within 5 s"}
	}
	for refused == nil && err == nil {
		refused, err = v.next(v.take)
	}
	if errors.Is(err, websocket.ErrReadLimit) {
		return nonsense(wire.ErrBounds)
	}
	return refused
}

// next reads one message and has it served. The buffer is borrowed only once the message has begun to come.
func (v *viewer) next(serve func(kind int, b []byte, now time.Time) (*wire.Refused, error)) (*wire.Refused, error) {
	kind, r, err := v.conn.NextReader()
	if err != nil {
		return nil, err
	}
	b := messages.Get().(*buffer)
	defer messages.Put(b)
	v.conn.NetConn().SetReadDeadline(time.Now().Add(messageWithin))
	n, err := fill(b, r)
	if err != nil {
		return nil, err
	}
	v.conn.NetConn().SetReadDeadline(time.Time{}) // between messages the wheel looks after it
	if !v.stillOpen() {                           // nor must that undo the deadline of a goodbye
		return nil, io.EOF
	}
	now := time.Now()
	v.touch(now)
	if err := v.spend(n); err != nil {
		return nil, err
	}
	return serve(kind, b[:n], now)
}

// buffer holds a message and one byte more, so that a message too long is never taken for a whole one.
type buffer [wire.MaxMessage + 1]byte

// messages are buffers for what viewers send.
var messages = sync.Pool{New: func() any { return new(buffer) }}

// fill reads a message up to its end, or the socket's read limit.
func fill(b *buffer, r io.Reader) (int, error) {
	n, err := io.ReadFull(r, b[:])
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return n, err
}

// join serves a socket's first message.
func (v *viewer) join(kind int, b []byte, host string, now time.Time) *wire.Refused {
	j, err := wire.ParseJoin(b)
	switch {
	case errors.Is(err, wire.ErrVersion):
		return &wire.Refused{Reason: wire.RefusedVersion, Text: fmt.Sprintf("this tracker speaks protocol version %d", wire.ProtocolVersion)}
	case kind != websocket.BinaryMessage || err != nil:
		return &wire.Refused{Reason: wire.RefusedMessage, Text: "the first message must be a Join"}
	case j.Secret == [16]byte{}:
		return &wire.Refused{Reason: wire.RefusedMessage, Text: "the secret must be 16 random bytes"}
	case !validName(j.Stream):
		return &wire.Refused{Reason: wire.RefusedStream, Text: badName}
	case v.pass.stream != "" && v.pass.stream != j.Stream:
		return &wire.Refused{Reason: wire.RefusedStream, Text: "the handshake named another stream"}
	}
	id := viewerID(j.Secret)
	if !v.t.sit(v.pass, id, j.Stream) {
		return &wire.Refused{Reason: wire.RefusedToken, RetryAfter: 15, Text: "another viewer is here with this token; each viewer needs its own"}
	}
	s, err := v.t.enterStream(j.Stream, v.from, now)
	if err != nil {
		return &wire.Refused{Reason: wire.RefusedBusy, RetryAfter: 30, Text: err.Error()}
	}
	v.id, v.stream = id, s
	j.Flags = v.pass.flags(j.Flags)
	s.join(v, j, wire.Welcome{
		BeaconSeconds: uint8(v.t.config.BeaconInterval / time.Second),
		Flags:         v.t.privacy.flags(v.from),
		ICEServers:    v.t.privacy.servers(v.t.iceServers(host), host, now),
	}, now)
	return nil
}

// take serves a message after the Join. io.EOF says that the viewer has left.
func (v *viewer) take(kind int, b []byte, now time.Time) (*wire.Refused, error) {
	if kind != websocket.BinaryMessage || len(b) == 0 {
		return nonsense(nil), nil
	}
	switch wire.MessageType(b[0]) {
	case wire.TypeUpdate:
		u, err := wire.ParseUpdate(b)
		if err != nil {
			return nonsense(err), nil
		}
		u.Flags = v.pass.flags(u.Flags)
		v.stream.update(v, u, now)
	case wire.TypeSignal:
		s, err := wire.ParseSignal(b, wire.TypeSignal)
		if err != nil {
			return nonsense(err), nil
		}
		v.stream.relay(v, s, now)
	case wire.TypeBeacon:
		c, err := wire.ParseBeacon(b)
		if err != nil {
			return nonsense(err), nil
		}
		v.stream.report(v, c, now)
	case wire.TypeLeave:
		v.bye(websocket.CloseNormalClosure, "")
		return nil, io.EOF
	case wire.TypeJoin:
		return &wire.Refused{Reason: wire.RefusedMessage, Text: "joined already: one stream per socket"}, nil
	default: // of a later version of the protocol
	}
	return nil, nil
}

func nonsense(err error) *wire.Refused {
	text := "only binary messages of the swarm's protocol are understood"
	if err != nil {
		text = err.Error()
	}
	return &wire.Refused{Reason: wire.RefusedMessage, Text: text}
}

// messageCost is what a message takes from a viewer's budget.
func messageCost(bytes int) int { return 1 + bytes/1024 }

// spend charges a message of n bytes. Who sends too much is not cut off but read slower.
func (v *viewer) spend(n int) error {
	now := time.Now()
	wait := v.budget.ReserveN(now, messageCost(n)).DelayFrom(now)
	if wait == 0 {
		return nil
	}
	v.t.metrics.throttled.Inc()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-v.t.done:
		return io.EOF
	}
}

// linger reads on for a moment after a goodbye, so that it arrives: closing a socket with unread bytes resets it.
func (v *viewer) linger() {
	if v.stillOpen() {
		return // there was no goodbye: the other side has closed
	}
	v.conn.NetConn().SetReadDeadline(time.Now().Add(farewell))
	for {
		if _, _, err := v.conn.NextReader(); err != nil {
			var closed *websocket.CloseError
			if !errors.As(err, &closed) {
				io.Copy(io.Discard, v.conn.NetConn())
			}
			return
		}
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// validName tells whether a text is a stream's name.
func validName(name string) bool {
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return len(name) >= 1 && len(name) <= wire.MaxName
}
