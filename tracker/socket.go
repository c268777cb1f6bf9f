package tracker

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	headerBuffer  = 272     // what frames' headers and control frames are read into; gorilla/websocket takes none below 257
	readBuffer    = 8 << 10 // borrowed while there is something in it
	writeBuffer   = 4 << 10 // likewise, and grown up to:
	mostWritten   = 16 << 10
	messageWithin = 10 * time.Second         // a message that has begun must not take longer
	mostHurried   = wire.MaxMessage + 64<<10 // bytes of one that has begun, with the headers of its frames and with control frames between these
	writeWithin   = 10 * time.Second         // nor must a write
)

// socket is a viewer's connection. One that is idle holds no buffers: who reads waits without one and borrows it when
// there is something to read, and then reads all of it with one call. Deadlines are set only where there is something
// to wait for: setting one costs a tenth of a write.
//
// Reads belong to one goroutine, the viewer's reader; writes to one at a time, see queue.writing.
type socket struct {
	net.Conn
	raw    syscall.RawConn // static; nil if the connection is none of the system's
	top    *bufio.Reader   // static; reads from here what the WebSocket reads
	within time.Duration   // static; for what could not be written at once

	// owned by the reader
	in      *input
	from    int   // of in, up to which it was handed out
	failure error // of the last read
	hurried bool  // a message has begun: waiting is limited
	limited bool  // a deadline is set
	asked   bool  // whether there is something to read
	ours    bool  // the handshake is answered: all frames are written by us
	objects bool  // the WebSocket would have closed it
	lingers bool  // it is at its end
	left    int   // bytes that are read yet, of a message that has begun or at the end
}

// input is what was read at once and not handed out yet.
type input struct {
	n int
	b [readBuffer]byte
}

var inputs = sync.Pool{New: func() any { return new(input) }}

func newSocket(conn net.Conn) *socket {
	s := &socket{Conn: conn, within: writeWithin}
	if c, ok := conn.(*net.TCPConn); ok && direct {
		s.raw, _ = c.SyscallConn()
	}
	s.top = bufio.NewReaderSize(s, headerBuffer)
	return s
}

// wait waits until there is something to read or the socket has ended. It needs very little stack.
func (s *socket) wait() {
	s.asked = false
	s.raw.Read(s.ready)
}

// pending returns how many bytes have come that nobody has taken.
func (s *socket) pending() int {
	n := s.top.Buffered()
	if s.in != nil {
		n += s.in.n - s.from
	}
	return n
}

// hurry limits what is read of a message that has begun: how long, and how much.
func (s *socket) hurry() { s.hurried, s.left = true, mostHurried }

// hurriedFor returns how much was read since hurry: of the message, but for what had come with its beginning.
func (s *socket) hurriedFor() int { return mostHurried - s.left }

// linger limits what is read from now on: how long, and roughly how much.
func (s *socket) linger(within time.Duration, most int) {
	s.SetReadDeadline(time.Now().Add(within))
	s.hurried, s.limited = false, true // or the deadline of a message that has begun would take its place
	s.lingers, s.left = true, most
}

// Read implements net.Conn.
func (s *socket) Read(p []byte) (n int, err error) {
	if s.lingers || s.hurried {
		if s.left <= 0 {
			return 0, s.enough()
		}
		defer func() { s.left -= n }()
	}
	if s.raw == nil {
		s.limit()
		return s.Conn.Read(p)
	}
	if s.in == nil {
		if err := s.await(); err != nil {
			return 0, err
		}
	}
	n = copy(p, s.in.b[s.from:s.in.n])
	if s.from += n; s.from == s.in.n {
		s.release()
	}
	return n, nil
}

// enough is what a read fails with that is one too many.
func (s *socket) enough() error {
	if s.hurried {
		return websocket.ErrReadLimit
	}
	return io.EOF
}

// await waits until there is something to read, and reads it. Only if nothing is there yet is the wait limited.
func (s *socket) await() error {
	for {
		if err := s.raw.Read(s.read); err != nil {
			return err
		}
		if s.failure != syscall.EAGAIN {
			return s.failure
		}
		s.limit()
	}
}

// limit sets the deadline of a message that has begun, unless one is set.
func (s *socket) limit() {
	if s.hurried && !s.limited {
		s.SetReadDeadline(time.Now().Add(messageWithin))
		s.limited = true
	}
}

// relax ends the hurry, and takes back the deadline if there is one.
func (s *socket) relax() {
	s.hurried = false
	if s.limited {
		s.SetReadDeadline(time.Time{})
		s.limited = false
	}
}

// release gives the buffer back.
func (s *socket) release() {
	if s.in != nil {
		inputs.Put(s.in)
		s.in, s.from = nil, 0
	}
}

// Write implements net.Conn. gorilla/websocket writes the answer to the handshake, and later, while it reads, a close for what
// it objects to. That could land in the midst of a frame that is being written, so it is not sent: see viewer.talk.
func (s *socket) Write(p []byte) (int, error) {
	if s.ours {
		s.objects = true
		return len(p), nil
	}
	return s.Conn.Write(p)
}

// output is frames that are written at once.
type output struct {
	b       []byte
	put     func(uintptr) bool // o.write
	n       int                // written so far
	failure error
}

var outputs = sync.Pool{New: func() any {
	o := &output{b: make([]byte, 0, writeBuffer)}
	o.put = o.write
	return o
}}

// send writes frames, all that fits into the system's buffer with one call. The rest must go within a time.
func (s *socket) send(o *output) error {
	if done, err := s.try(o); done || err != nil {
		return err
	}
	return s.finish(o.b[o.n:])
}

// try writes what goes without waiting, and tells whether that was all.
func (s *socket) try(o *output) (done bool, err error) {
	o.n, o.failure = 0, nil
	if s.raw == nil {
		return false, nil
	}
	if err := s.raw.Write(o.put); err != nil {
		return false, err
	}
	return o.n == len(o.b), o.failure
}

// finish writes what could not be written at once. The deadline is taken back, or the next try would meet it.
func (s *socket) finish(b []byte) error {
	s.SetWriteDeadline(time.Now().Add(s.within))
	_, err := s.Conn.Write(b)
	s.SetWriteDeadline(time.Time{})
	return err
}

// errEarly is what a handshake fails with that has something behind it.
var errEarly = errors.New("tracker: data before the handshake has ended")

// upgrading is the answer to a handshake: the connection that is taken over from it is a socket.
type upgrading struct {
	http.ResponseWriter
	socket *socket
}

// Hijack implements http.Hijacker.
func (u *upgrading) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(u.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if rw.Reader.Buffered() > 0 {
		return nil, nil, errors.Join(errEarly, conn.Close())
	}
	u.socket = newSocket(conn)
	return u.socket, bufio.NewReadWriter(u.socket.top, rw.Writer), nil
}
