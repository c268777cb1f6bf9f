package http1

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// hasLeft tells whether a viewer says nothing more, though what it has said is not read yet.
func hasLeft(conn net.Conn) (left bool) {
	of, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := of.SyscallConn()
	if err != nil {
		return false
	}
	err = raw.Control(func(fd uintptr) {
		asked := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(asked[:], 0)
		left = err == nil && n > 0 // or an error, or a nonsensical descriptor
	})
	return left || err != nil
}
