//go:build unix

package gate

import "syscall"

// direct says that the system's sockets are looked into.
const direct = true

// says tells whether a connection has said something, or has ended.
func says(fd uintptr) bool {
	var one [1]byte
	_, err := peek(fd, one[:])
	return err != syscall.EAGAIN
}

// look reads what a connection has said, and leaves it there.
func (l *loan) look(fd uintptr) bool {
	l.n, _ = peek(fd, l.peeked[:])
	l.n = max(l.n, 0)
	return true
}

func peek(fd uintptr, b []byte) (int, error) {
	for {
		n, _, err := syscall.Recvfrom(int(fd), b, syscall.MSG_PEEK)
		if err != syscall.EINTR {
			return n, err
		}
	}
}
