package rtmp

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// socket is a connection's, read without waiting.
type socket struct {
	raw syscall.RawConn
	fd  func(uintptr) bool // made once; it reads into to
	to  []byte
	n   int
	err syscall.Errno
}

// socketOf returns a connection's socket, nil if it has none any more.
func socketOf(c *net.TCPConn) *socket {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{raw: raw}
	s.fd = func(fd uintptr) bool {
		// It never waits, so the scheduler need not be told that it might.
		n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(s.to))), uintptr(len(s.to)))
		s.n, s.err = int(n), errno
		return true
	}
	return s
}

// look reads what is there: errNothing if there is nothing.
func (s *socket) look(b []byte) (int, error) {
	s.to = b
	if err := s.raw.Read(s.fd); err != nil {
		return 0, err // closed by us
	}
	switch {
	case s.err == syscall.EAGAIN || s.err == syscall.EINTR:
		return 0, errNothing
	case s.err != 0:
		return 0, os.NewSyscallError("read", s.err)
	case s.n == 0:
		return 0, io.EOF
	}
	return s.n, nil
}

// aside has the kernel wake us only once so many bytes are there (SO_RCVLOWAT), or the connection's end. Where it does not,
// we are woken more often than need be.
func (s *socket) aside(bytes int) {
	_ = s.raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, bytes) })
}
