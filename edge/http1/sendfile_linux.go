package http1

import (
	"io"
	"net"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errand is an answer on its way whose body is in a file too. Its function is made once for each connection.
type errand struct {
	raw   syscall.RawConn
	run   func(fd uintptr) (done bool)
	head  []byte
	body  []byte
	file  int   // less than 0: the body is copied
	from  int64 // where the body begins in the file
	at    int64 // in the body; less than 0: in the head, which the file has before it
	until int64
	err   error

	timed bool
	took  time.Duration // in the kernel, if timed
}

// sendFile writes a head and a body, which a file has, one way or the other. It is not for TLS: see canSendFile.
func (c *conn) sendFile(head, body []byte, from place, now time.Time) (sent int, err error) {
	e := c.errand
	way := c.front.ways.of(len(body))
	byFile, timed := way.next()
	*e = errand{raw: e.raw, run: e.run, head: head, body: body, file: from.file, from: from.at, timed: timed}
	switch {
	case !byFile:
		e.file = -1
	case from.ahead:
		e.head, e.at = nil, -int64(len(head))
	}
	defer func() {
		if timed {
			way.took(byFile, int(e.at), e.took)
		}
		e.head, e.body = nil, nil
	}()
	for ; e.at < int64(len(body)); now = time.Now() {
		c.mayWrite(now)
		e.until = min(e.at+Slice, int64(len(body)))
		if err := e.raw.Write(e.run); err != nil || e.err != nil {
			if err == nil {
				err = e.err
			}
			return len(head) - len(e.head) + int(e.at), err
		}
	}
	return len(head) + len(body), nil
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
			return false
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
		n, err = unix.SendmsgBuffers(socket, [][]byte{e.head, e.body[e.at:]}, nil, nil, unix.MSG_NOSIGNAL)
		n = max(0, n)
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

// sendMore sends bytes after which more come. It is a call that looks at nothing but them.
func sendMore(socket int, b []byte) (n int, err error) {
	sent, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(socket), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
		unix.MSG_MORE|unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(sent), nil
}
