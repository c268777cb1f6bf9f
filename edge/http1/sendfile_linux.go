package http1

import (
	"io"
	"net"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errand is an answer on its way whose body may be in a file too. Its function is made once for each connection.
type errand struct {
	raw   syscall.RawConn
	run   func(fd uintptr) (done bool)
	head  []byte
	body  []byte
	file  int   // less than 0: the body is copied
	from  int64 // where the body begins in the file
	at    int64 // in the body; less than 0: in the head, which the file has before it
	until int64
	once  bool // what there is no room for is left
	err   error

	way   *way
	timed bool
	took  time.Duration // in the kernel, if timed

	answer Answer // of an attempt
	iov    [2]unix.Iovec
	msg    unix.Msghdr
}

// sendFile writes a head and a body, which a file has, one way or the other. It is not for TLS: see canSendFile.
func (c *conn) sendFile(head, body []byte, from place, now time.Time) (sent int, err error) {
	e := c.errand
	e.load(head, body, from, c.front.ways.of(len(body)))
	defer e.end()
	err = c.carry(now)
	return len(head) - len(e.head) + int(e.at), err
}

// load begins an errand: a head, and a body that a file has.
func (e *errand) load(head, body []byte, from place, way *way) {
	byFile, timed := way.next()
	*e = errand{raw: e.raw, run: e.run, head: head, body: body, file: from.file, from: from.at, way: way, timed: timed}
	switch {
	case !byFile:
		e.file = -1
	case from.ahead:
		e.head, e.at = nil, -int64(len(head))
	}
}

// end ends an errand. Of what was sent at and head are left.
func (e *errand) end() {
	if e.timed {
		e.way.took(e.file >= 0, int(e.at), e.took)
	}
	e.body, e.answer = nil, Answer{}
}

// carry sends what is left of an errand, and waits for the viewer meanwhile.
func (c *conn) carry(now time.Time) error {
	e := c.errand
	for ; !e.done(); now = time.Now() {
		c.mayWrite(now)
		e.until = min(e.at+Slice, int64(len(e.body)))
		if err := e.raw.Write(e.run); err != nil || e.err != nil {
			if err == nil {
				err = e.err
			}
			return err
		}
	}
	return nil
}

func (e *errand) done() bool { return len(e.head) == 0 && e.at >= int64(len(e.body)) }

// canAttempt tells whether attempt can be called.
func (c *conn) canAttempt() bool { return c.errand != nil && len(c.front.fields) == 0 }

// attempt sends an answer as far as there is room for it now; what is left goOn sends. What has a file is copied
// all the same if it is small.
func (c *conn) attempt(a Answer, now time.Time) (whole bool, err error) {
	e := c.errand
	from, way := place{file: -1}, c.front.ways.of(len(a.Body))
	if a.File != nil {
		if file, at, ok := a.File.Hold(); ok {
			from = place{file, at, a.Ahead}
		} else {
			a.File = nil
		}
	}
	if a.File != nil {
		e.load(a.Head, a.Body, from, way)
	} else {
		*e = errand{raw: e.raw, run: e.run, head: a.Head, body: a.Body, file: -1}
	}
	e.answer, e.until, e.once = a, int64(len(a.Body)), true
	c.mayWrite(now)
	if err = e.raw.Write(e.run); err == nil {
		err = e.err
	}
	e.once = false
	whole = e.done()
	if whole || err != nil {
		e.settle()
	}
	return whole, err
}

// goOn sends the rest of what was attempted.
func (c *conn) goOn() error {
	defer c.errand.settle()
	return c.carry(time.Now())
}

// settle ends an attempt, and tells who has to know.
func (e *errand) settle() {
	a, sent := e.answer, max(0, int(e.at))
	e.end()
	if a.File != nil {
		a.File.Release()
	}
	a.Tally.Count(sent)
}

// canSendFile tells whether files go out by this connection without being read.
func (c *conn) canSendFile() bool {
	if c.errand != nil {
		return true
	}
	tcp, ok := c.raw.(*net.TCPConn)
	if !ok || c.tls != nil {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	e := &errand{raw: raw}
	e.run = e.send
	c.errand = e
	r := &reading{raw: raw}
	r.run = r.once
	c.reading = r
	return true
}

// send sends what the socket takes, and tells whether that was all until until, or more: what fits goes in one call.
func (e *errand) send(socket uintptr) bool {
	if e.timed {
		began := time.Now()
		defer func() { e.took += time.Since(began) }()
	}
	for len(e.head) > 0 || e.at < e.until {
		n, err := e.call(int(socket))
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			return e.once
		case err == nil && n == 0:
			err = io.ErrUnexpectedEOF
			fallthrough
		case err != nil:
			e.err = err
			return true
		}
	}
	return true
}

// call makes one call of the kernel, and returns how many bytes that sent.
func (e *errand) call(socket int) (n int, err error) {
	switch {
	case e.file < 0:
		n, err = e.copyBoth(socket)
		ofHead := min(n, len(e.head))
		e.head = e.head[ofHead:]
		e.at += int64(n - ofHead)
	case len(e.head) > 0:
		n, err = sendMore(socket, e.head)
		e.head = e.head[n:]
	default:
		at := e.from + e.at
		n, err = unix.Sendfile(socket, e.file, &at, len(e.body)-int(e.at))
		e.at = at - e.from
	}
	return n, err
}

// brief is a body whose copying, with what loopback does of the receiver's work, takes some 15 microseconds: Go's scheduler, which is without its processor
// for so long, is not told of the call.
const brief = 16 << 10

// copyBoth sends both by one call.
func (e *errand) copyBoth(socket int) (n int, err error) {
	count := 0
	for _, b := range [...][]byte{e.head, e.body[e.at:]} {
		if len(b) > 0 {
			e.iov[count].Base = unsafe.SliceData(b)
			e.iov[count].SetLen(len(b))
			count++
		}
	}
	e.msg.Iov = &e.iov[0]
	e.msg.SetIovlen(count)
	var sent uintptr
	var errno unix.Errno
	if e.once && len(e.body) < brief { // it does not wait
		sent, _, errno = unix.RawSyscall(unix.SYS_SENDMSG, uintptr(socket), uintptr(unsafe.Pointer(&e.msg)), unix.MSG_NOSIGNAL)
	} else {
		sent, _, errno = unix.Syscall(unix.SYS_SENDMSG, uintptr(socket), uintptr(unsafe.Pointer(&e.msg)), unix.MSG_NOSIGNAL)
	}
	e.iov = [2]unix.Iovec{}
	if errno != 0 {
		return 0, errno
	}
	return int(sent), nil
}

// sendMore sends bytes after which more come, by the call that needs no description of them to be read from memory.
func sendMore(socket int, b []byte) (n int, err error) {
	sent, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(socket), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
		unix.MSG_MORE|unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(sent), nil
}
