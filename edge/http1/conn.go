package http1

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// firstBuffer is enough for the heads of most requests.
const firstBuffer = 2 << 10

// lax is by how much deadlines may be off: so they are set once a second and not with each request.
const lax = time.Second

// conn is one connection of viewers. Its goroutine reads and writes; while a handler waits, another one reads, and while the goroutine waits for a bell whoever
// rings that writes.
type conn struct {
	front *Front     // static
	raw   net.Conn   // static; as it was accepted
	tls   *tls.Conn  // static from the first request on; nil: there is none
	sheaf *sheaf     // beneath tls
	from  netip.Addr // static
	rests atomic.Bool

	// owned by the goroutine
	buffer  []byte // what was read; the request under way is in front
	head    Head
	readBy  time.Time // deadlines as they are set
	writeBy time.Time
	vector  [2][]byte
	buffers net.Buffers
	errand  *errand  // nil until files can be sent
	reading *reading // likewise
	viewer  Viewer
	address string // of the viewer, as http.Request has it
	wrong   *refusal

	// While it waits what the goroutine owns, but the room that it reads into, is that of who has the turn.
	turn sync.Mutex // guards what follows
	wait Wait
	fate fate
}

func newConn(f *Front, raw net.Conn) *conn {
	c := &conn{front: f, raw: raw}
	if tcp, ok := raw.RemoteAddr().(*net.TCPAddr); ok {
		c.from = tcp.AddrPort().Addr().Unmap()
	}
	return c
}

// serve answers requests until the connection ends or is somebody else's.
func (c *conn) serve() {
	given := false
	defer func() {
		if why := recover(); why != nil && why != http.ErrAbortHandler {
			c.front.config.Log.Error("http1: a handler panicked", "error", why, "stack", string(debug.Stack()))
		}
		if c.viewer.Kept != nil {
			c.viewer.Kept.Leave()
		}
		if !given {
			c.stream().Close()
			c.front.config.Gone(c.raw)
		}
		c.front.forget(c)
	}()
	if c.front.config.TLS != nil {
		switch protocol, ok := c.shake(); {
		case !ok:
			return
		case protocol == "h2":
			given = c.giveAway()
			return
		}
	}
	c.buffer = make([]byte, 0, firstBuffer)
	for first := true; ; first = false {
		what, more := c.read(first), false
		if what == plain {
			what, more = c.answer()
		}
		switch {
		case what == refused:
			c.refuse(c.wrong)
			return
		case what == foreign:
			given = c.giveAway()
			return
		case !more:
			return
		}
		rest := copy(c.buffer, c.buffer[c.head.size:])
		if c.buffer = c.buffer[:rest]; rest == 0 && cap(c.buffer) > firstBuffer {
			c.buffer = make([]byte, 0, firstBuffer)
		}
	}
}

// giveAway has the connection accepted by somebody else.
func (c *conn) giveAway() bool {
	c.raw.SetDeadline(time.Time{})
	conn := c.stream()
	if len(c.buffer) > 0 {
		conn = handOn(conn, c.buffer, c.front.fields)
	}
	return c.front.give(accepted{conn, nil})
}

// cut ends the connection, and what the kernel has yet to send. Any goroutine may call it.
func (c *conn) cut() {
	if tcp, ok := c.raw.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.raw.Close()
}

// stream is the connection as requests are read from it.
func (c *conn) stream() net.Conn {
	if c.tls != nil {
		return c.tls
	}
	return c.raw
}

func (c *conn) readUntil(at time.Time) {
	if d := at.Sub(c.readBy); d < 0 || d > lax {
		c.raw.SetReadDeadline(at)
		c.readBy = at
	}
}

// mayWrite gives the viewer WriteTime, or a little less, for what is written next.
func (c *conn) mayWrite(now time.Time) {
	if at := now.Add(c.front.config.WriteTime); at.Sub(c.writeBy) > lax {
		c.raw.SetWriteDeadline(at)
		c.writeBy = at
	}
}

// answer answers a plain request, unless it is foreign after all. It tells whether the connection goes on.
func (c *conn) answer() (what verdict, more bool) {
	c.head.Files = c.canSendFile()
	if c.head.Whole && !c.head.Close && c.front.config.Cache != nil && !c.front.ending.Load() {
		now := time.Now()
		if c.viewer.Cut == nil {
			c.viewer.Cut = c.cut
		}
		c.head.Viewer, c.head.Secure, c.head.Came = &c.viewer, c.tls != nil, now
		a, ok := c.front.config.Cache.Hit(c.from, &c.head, now)
		if ok && a.Wait != nil {
			switch c.await(a.Wait) {
			case hasGone:
				return plain, false
			case isServed, isResting:
				return plain, true
			case isHalfway:
				return plain, c.goOn() == nil
			case isUnanswered:
				ok = false
			case isWoken:
				now = time.Now()
				a, ok = a.Wait.Answer(&c.head, now)
				ok = ok && !c.front.ending.Load()
			}
		}
		if ok {
			n, err := c.deliver(a, now)
			a.Tally.Count(n)
			return plain, err == nil
		}
	}
	r, err := c.request()
	if err != nil {
		return c.judged(badLine), false
	}
	return plain, c.handle(r)
}

// heads are those that an answer's own and the front's fields are joined in.
var heads = sync.Pool{New: func() any { return new([]byte) }}

// deliver sends an answer that is at hand. It returns how many bytes of its body went.
func (c *conn) deliver(a Answer, now time.Time) (sent int, err error) {
	head := a.Head
	if fields := c.front.fields; len(fields) > 0 {
		b := heads.Get().(*[]byte)
		defer heads.Put(b)
		*b = append(append(append((*b)[:0], head[:len(head)-len(crlf)]...), fields...), crlf...)
		head, a.Ahead = *b, false
	}
	defer func() { sent = max(0, sent-len(head)) }()
	if a.File != nil && c.head.Files {
		if file, at, ok := a.File.Hold(); ok {
			defer a.File.Release()
			return c.sendFile(head, a.Body, place{file, at, a.Ahead}, now)
		}
	}
	return c.write(head, a.Body, now)
}

// write sends a head and a body, either of which may be empty, and returns how many bytes of both went. All goes in one call: the kernel
// passes on what it is given in a few large pieces, and the viewer is woken for each. Who has taken a Slice when the deadline passes is
// given another; by TLS, which ends with such a deadline, each Slice goes by itself.
func (c *conn) write(head, body []byte, now time.Time) (sent int, err error) {
	for {
		c.mayWrite(now)
		slice := body
		if c.tls != nil {
			slice = body[:min(len(body), Slice)]
		}
		n, err := c.send(head, slice)
		sent += n
		ofHead := min(n, len(head))
		head, body = head[ofHead:], body[n-ofHead:]
		goesOn := err == nil || c.tls == nil && n >= Slice && errors.Is(err, os.ErrDeadlineExceeded)
		if !goesOn || len(head)+len(body) == 0 {
			return sent, err
		}
		now = time.Now()
	}
}

// joiner is a connection that has a way of its own to write two slices in one call.
type joiner interface {
	WriteBoth(head, body []byte) (int, error)
}

// send writes both in one call, or in a few by TLS.
func (c *conn) send(head, body []byte) (int, error) {
	switch {
	case c.tls != nil:
		return c.seal(head, body)
	case len(body) == 0:
		return c.raw.Write(head)
	case len(head) == 0:
		return c.raw.Write(body)
	}
	if raw, ok := c.raw.(joiner); ok {
		return raw.WriteBoth(head, body)
	}
	c.vector = [2][]byte{head, body}
	c.buffers = c.vector[:]
	n, err := c.buffers.WriteTo(c.raw)
	c.vector, c.buffers = [2][]byte{}, nil
	return int(n), err
}
