package rtmp

import (
	"crypto/tls"
	"net"
	"syscall"
)

// gather has the kernel wake us only once so many bytes are there (SO_RCVLOWAT), or the connection's end.
func gather(c net.Conn, bytes int) {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	socket, ok := c.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return
	}
	// an error means that we are woken as before
	_ = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, bytes) })
}
