package http1

import (
	"io"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reading is a read of a TCP connection by a call that Go's scheduler is not told of, since it never waits. Its function is made once for each connection.
type reading struct {
	raw  syscall.RawConn
	run  func(fd uintptr) (done bool)
	room []byte
	n    int
	err  error
}

// readTCP is Read of a TCP connection.
func (c *conn) readTCP(room []byte) (int, error) {
	r := c.reading
	if len(room) == 0 {
		return 0, nil
	}
	r.room, r.n, r.err = room, 0, nil
	err := r.raw.Read(r.run)
	r.room = nil
	if err == nil {
		err = r.err
	}
	return r.n, err
}

func (r *reading) once(fd uintptr) bool {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(r.room))), uintptr(len(r.room)), 0, 0, 0)
		switch errno {
		case 0:
			if r.n, r.err = int(n), nil; n == 0 {
				r.err = io.EOF
			}
			return true
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			r.n, r.err = 0, errno
			return true
		}
	}
}
