package http1

import (
	"net"

	"golang.org/x/sys/unix"
)

// maxUnsent is how much of an answer may wait in the kernel for the viewer's window to open. Without a bound it is as much as the kernel's
// buffer takes, up to 4 MB, of each who reads slowly; with this, what is on its way to him, and so much.
const maxUnsent = 256 << 10

// boundUnsent has a connection hold little. Where that cannot be, so be it.
func boundUnsent(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	if raw, err := tcp.SyscallConn(); err == nil {
		_ = raw.Control(func(socket uintptr) {
			_ = unix.SetsockoptInt(int(socket), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, maxUnsent)
		})
	}
}
