package tracker

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
)

// talk reads until nothing is left, until the socket ends, or until there is something that the viewer must be refused for.
func (v *viewer) talk() (refused *wire.Refused, err error) {
	for more := true; more; more = refused == nil && err == nil && (v.socket.raw == nil || v.socket.pending() > 0) {
		if _, err = v.socket.top.Peek(1); err != nil {
			break
		}
		if heard, over := v.control(); heard {
			err = over
		} else if v.stream != nil {
			refused, err = v.next(v.take)
		} else {
			refused, err = v.next(v.join)
		}
	}
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		refused = nonsense(wire.ErrBounds)
	case v.socket.objects:
		refused = nonsense(nil)
	case v.stream == nil && isTimeout(err) && v.stillOpen():
		refused = &wire.Refused{Reason: wire.RefusedMessage, RetryAfter: 5, Text: "no Join within 5 s"}
	}
	return refused, err
}

// next reads one message and has it served. The buffer is borrowed only once the message has begun to come.
func (v *viewer) next(serve func(kind int, b []byte, now time.Time) (*wire.Refused, error)) (*wire.Refused, error) {
	kind, r, err := v.conn.NextReader()
	if err != nil {
		return nil, err
	}
	small := boxes.Get().(*box)
	defer boxes.Put(small)
	v.socket.hurry()
	n, err := fill(small[:], r)
	b := small[:n]
	if err == nil && n == len(small) { // it goes on
		large := messages.Get().(*buffer)
		defer messages.Put(large)
		n, err = fill(large[copy(large[:], b):], r)
		b = large[:len(b)+n]
	}
	if err != nil {
		return nil, err
	}
	v.socket.relax()    // between messages the wheel looks after it
	if !v.stillOpen() { // nor must that undo the deadline of a goodbye
		return nil, io.EOF
	}
	now := time.Now()
	v.touch(now)
	cost := max(len(b), v.socket.hurriedFor()-headerBuffer) // frames without anything in them cost too; what was read ahead does not
	if err := v.spend(now, cost); err != nil {
		return nil, err
	}
	return serve(kind, b, now)
}

// buffer holds a message and one byte more, so that a message too long is never taken for a whole one.
type buffer [wire.MaxMessage + 1]byte

// messages are buffers for what viewers send and does not fit into a box.
var messages = sync.Pool{New: func() any { return new(buffer) }}

// fill reads a message up to its end, or the socket's read limit, or until b is full.
func fill(b []byte, r io.Reader) (int, error) {
	n, err := io.ReadFull(r, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return n, err
}

// control takes a ping or a pong that stands whole at the front of what has come, and tells whether it did. gorilla/websocket
// would take it too, but would then wait for the message that follows, with all its stack.
func (v *viewer) control() (heard bool, err error) {
	s := v.socket
	if s.pending() < 6 {
		return false, nil
	}
	h, _ := s.top.Peek(6) // opcode, length, mask
	n := int(h[1] & 0x7f)
	if h[0] != pingFrame && h[0] != pongFrame || h[1] != 0x80|byte(n) || n > 125 || s.pending() < 6+n {
		return false, nil
	}
	frame, _ := s.top.Peek(6 + n)
	text := bytes.Clone(frame[6:])
	for i := range text {
		text[i] ^= frame[2+i&3]
	}
	s.top.Discard(6 + n)
	if frame[0] == pingFrame {
		return true, v.pinged(string(text))
	}
	return true, v.ponged("")
}

func (v *viewer) ponged(string) error {
	now := time.Now()
	v.touch(now)
	v.renew(now)
	return v.spend(now, 0)
}

func (v *viewer) pinged(text string) error {
	now := time.Now()
	v.touch(now)
	v.push(pong, []byte(text))
	return v.spend(now, 0)
}

// closed answers a close, unless it is the answer to ours.
func (v *viewer) closed(code int, _ string) error {
	v.push(closing, websocket.FormatCloseMessage(code, ""))
	return nil
}

// messageCost is what a message takes from a viewer's budget.
func messageCost(bytes int) int { return 1 + bytes/1024 }

// spend charges a message of n bytes. Who sends too much is not cut off but read slower.
func (v *viewer) spend(now time.Time, n int) error {
	wait := v.budget.take(now.Sub(v.t.started), messageCost(n), v.t.config.MessagesPerSecond, v.t.config.MessageBurst)
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

// mostLingering is how much is read after a goodbye: what may be on its way.
const mostLingering = 256 << 10

// linger reads on for a moment after a goodbye, so that it arrives: closing a socket with unread bytes resets it. Where the other
// side has said goodbye, it waits until the answer is written.
func (v *viewer) linger() {
	if v.stillOpen() {
		return // nobody has: the socket has failed
	}
	v.socket.linger(farewell, mostLingering)
	for {
		if _, _, err := v.conn.NextReader(); err != nil {
			var closed *websocket.CloseError
			if errors.As(err, &closed) {
				v.finished(farewell)
			} else {
				io.Copy(io.Discard, v.socket)
			}
			return
		}
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
