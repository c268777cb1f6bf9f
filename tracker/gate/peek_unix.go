//go:build unix

package gate

import "syscall"

// direct says that the system's sockets are looked into.
const direct = true

// look notes what a connection has said, and leaves it there. It returns false if that is nothing yet.
func (l *loan) look(fd uintptr) bool {
	for {
		n, _, err := syscall.Recvfrom(int(fd), l.peeked[:], syscall.MSG_PEEK)
		if err != syscall.EINTR {
			l.n = max(n, 0)
			return err != syscall.EAGAIN
		}
	}
}
