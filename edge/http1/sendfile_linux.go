package http1

import (
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// errand is an answer from a file on its way: the kernel sends the file's pages as they are, and copies nothing. Its function is made once for
// each connection.
type errand struct {
	raw   syscall.RawConn
	run   func(fd uintptr) (done bool)
	head  []byte
	file  int
	at    int64 // in the file
	until int64
	err   error
}

// sendFile writes a head and a file's first size bytes. It is not for TLS: see canSendFile.
func (c *conn) sendFile(head []byte, file, size int, now time.Time) (sent int, err error) {
	e := c.errand
	e.head, e.file, e.at, e.err = head, file, 0, nil
	defer func() { e.head = nil }()
	for e.until = 0; e.until < int64(size); now = time.Now() {
		c.mayWrite(now)
		e.until = min(e.until+Slice, int64(size))
		if err := e.raw.Write(e.run); err != nil || e.err != nil {
			if err == nil {
				err = e.err
			}
			return len(head) - len(e.head) + int(e.at), err
		}
	}
	return len(head) + size, nil
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

// send sends what the socket takes, and tells whether that was all until until.
func (e *errand) send(socket uintptr) bool {
	for len(e.head) > 0 {
		n, err := unix.SendmsgN(int(socket), e.head, nil, nil, unix.MSG_MORE|unix.MSG_NOSIGNAL)
		if done, again := e.failed(n, err); again {
			continue
		} else if done || err != nil {
			return done
		}
		e.head = e.head[n:]
	}
	for e.at < e.until {
		n, err := unix.Sendfile(int(socket), e.file, &e.at, int(e.until-e.at))
		if done, again := e.failed(n, err); again {
			continue
		} else if done || err != nil {
			return done
		}
	}
	return true
}

// failed tells what to do after a call that sent n bytes: done is to give up.
func (e *errand) failed(n int, err error) (done, again bool) {
	switch {
	case err == unix.EINTR:
		return false, true
	case err == unix.EAGAIN:
		return false, false
	case err == nil && n == 0:
		e.err = io.ErrUnexpectedEOF
		return true, false
	case err != nil:
		e.err = err
		return true, false
	}
	return false, false
}
