//go:build unix

package tracker

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// direct says that the system's sockets are read and written without waiting.
const direct = true

// ready asks once whether there is something to read; when it is called again there is.
func (s *socket) ready(fd uintptr) bool {
	if s.asked {
		return true
	}
	s.asked = true
	one := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(one[:], 0)
	return n > 0 || err != nil && err != unix.EINTR
}

// read reads what there is. It returns false to be called again when there is something; where the wait must be
// limited first, it says so by EAGAIN.
func (s *socket) read(fd uintptr) bool {
	in := inputs.Get().(*input)
	n, err := again(func() (int, error) { return syscall.Read(int(fd), in.b[:]) })
	if n > 0 {
		s.in, s.from, in.n, s.failure = in, 0, n, nil
		return true
	}
	inputs.Put(in)
	switch {
	case err == nil:
		err = io.EOF
	case err == syscall.EAGAIN && (!s.hurried || s.limited):
		return false
	}
	s.failure = err
	return true
}

// write writes what fits.
func (o *output) write(fd uintptr) bool {
	n, err := again(func() (int, error) { return syscall.Write(int(fd), o.b) })
	if err != nil && err != syscall.EAGAIN {
		o.failure = err
	}
	o.n = max(n, 0)
	return true
}

func again(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); err != syscall.EINTR {
			return n, err
		}
	}
}
