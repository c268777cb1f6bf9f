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
)

const joinWithin = 5 * time.Second // a socket must not be open longer without a Join

// viewer is one socket. It always has one goroutine that waits or reads; a writer runs only while there is something to
// write.
type viewer struct {
	t      *Tracker                 // static
	conn   *websocket.Conn          // static; it reads, and we write
	socket *socket                  // static; under conn
	from   netip.Addr               // static; told to nobody
	heard  atomic.Int64             // the last sign of life, in milliseconds of the tracker's time
	asked  atomic.Pointer[question] // for the next one; nil: nobody waits for it

	// owned by the reader
	pass   *pass
	id     wire.ViewerID
	stream *stream
	budget budget

	host    string // under which it reached the tracker; once it has joined only where there are relays
	renewal int64  // when it is told its ICE servers anew, in milliseconds of the tracker's time; 0: never

	// guarded by wheel.mu
	slot, place int

	// guarded by stream.mu
	member   wire.Member
	at       cell.Place // told to nobody
	joined   int64      // in milliseconds of the tracker's time
	reported time.Time  // up to where beacons have been credited
	report   lastReport
	playing  bool
	roused   bool // it is in the stream's list

	mu    sync.Mutex // guards what follows
	queue queue
}

func newViewer(t *Tracker, conn *websocket.Conn, socket *socket, from netip.Addr, at cell.Place) *viewer {
	v := &viewer{t: t, conn: conn, socket: socket, from: from, at: at}
	v.queue.wrote = -pause.Milliseconds()
	socket.ours = true
	v.touch(time.Now())
	conn.SetReadLimit(wire.MaxMessage)
	conn.SetPongHandler(v.ponged)
	conn.SetPingHandler(v.pinged)
	conn.SetCloseHandler(v.closed)
	return v
}

// serve begins to read.
func (v *viewer) serve(host string) {
	v.host = host
	v.socket.SetReadDeadline(time.Now().Add(joinWithin))
	v.socket.limited = true
	v.wait()
}

// wait waits until something comes, and has it read.
func (v *viewer) wait() {
	if v.socket.raw != nil {
		v.socket.wait()
	}
	v.t.readers.take(v)
}

// read reads until nothing is left, then waits again, or ends the viewer.
func (v *viewer) read() {
	refused, err := v.talk()
	if refused == nil && err == nil {
		go v.wait()
		return
	}
	defer v.t.release(v.from, v.pass)
	if refused != nil {
		v.t.metrics.refused(int(refused.Reason))
		v.push(refusal, refused.Append(nil))
		v.bye(websocket.ClosePolicyViolation, refused.Text)
	}
	if v.stream != nil {
		v.stream.leave(v)
		v.t.leaveStream(v.stream)
	}
	v.linger()
	v.socket.release()
	v.t.wheel.remove(v)
	v.mu.Lock()
	v.queue.shut()
	v.mu.Unlock()
	v.conn.Close()
}

// question is whether a viewer is still there.
type question struct {
	since    time.Time
	answered chan struct{} // closed by a sign of life
}

// ask asks the viewer for a sign of life, and returns what is closed when it comes.
func (v *viewer) ask(now time.Time) <-chan struct{} {
	q := &question{now, make(chan struct{})}
	for !v.asked.CompareAndSwap(nil, q) {
		if others := v.asked.Load(); others != nil {
			q = others
			break
		}
	}
	v.push(ping, nil)
	return q.answered
}

// silent returns for how long the viewer has owed an answer, and false if it owes none.
func (v *viewer) silent(now time.Time) (time.Duration, bool) {
	q := v.asked.Load()
	if q == nil {
		return 0, false
	}
	return now.Sub(q.since), true
}

// touch notes a sign of life.
func (v *viewer) touch(now time.Time) {
	v.heard.Store(v.t.millis(now))
	if v.asked.Load() != nil {
		close(v.asked.Swap(nil).answered) // no other goroutine takes it out
	}
}

// join serves a socket's first message.
func (v *viewer) join(kind int, b []byte, now time.Time) (*wire.Refused, error) {
	return v.enter(kind, b, now), nil
}

func (v *viewer) enter(kind int, b []byte, now time.Time) *wire.Refused {
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
	if no := v.t.sit(v.pass, id, j.Stream, v, now); no != nil {
		return no
	}
	s, err := v.t.enterStream(j.Stream, v.from, v.pass.local, now)
	if err != nil {
		return &wire.Refused{Reason: wire.RefusedBusy, RetryAfter: 30, Text: err.Error()}
	}
	v.id, v.stream = id, s
	j.Flags = v.pass.flags(j.Flags)
	s.join(v, j, wire.Welcome{
		BeaconSeconds: uint8(v.t.config.BeaconInterval / time.Second),
		Flags:         v.t.privacy.flags(v.from),
		ICEServers:    v.servers(now),
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

// ValidName tells whether a text is a stream's name.
func ValidName(name string) bool { return validName(name) }

func validName(name string) bool {
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return len(name) >= 1 && len(name) <= wire.MaxName
}
