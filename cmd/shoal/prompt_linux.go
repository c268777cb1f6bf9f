package main

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// prompt is a connection that is read and written without telling Go's scheduler, which is told of calls that may last: its monitor, a thread of its own,
// is woken for the first of them after each rest, and looks after the others for a millisecond or more. On a machine with little to do that costs
// more than the call. These calls never wait, and last as long as it takes to copy: it is for answers of a part's size, and few at a time.
type prompt struct {
	*net.TCPConn
	raw     syscall.RawConn
	in, out transfer
}

// transfer is calls of one direction.
type transfer struct {
	mu    sync.Mutex // guards what follows
	do    func(fd uintptr) (done bool)
	parts [2][]byte // what is left of them; for reading, the first
	iov   [2]unix.Iovec
	n     int
	errno syscall.Errno
}

// promptly returns a connection that is prompt, or as it is where that cannot be.
func promptly(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return conn
	}
	p := &prompt{TCPConn: tcp, raw: raw}
	p.in.do, p.out.do = p.in.read, p.out.write
	return p
}

// NetConn returns the connection itself, as that of crypto/tls does.
func (p *prompt) NetConn() net.Conn { return p.TCPConn }

// Read implements net.Conn.
func (p *prompt) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	t := &p.in
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parts[0] = b
	err := p.raw.Read(t.do)
	t.parts[0] = nil
	switch {
	case err != nil:
		return 0, err
	case t.errno != 0:
		return 0, &net.OpError{Op: "read", Net: "tcp", Source: p.LocalAddr(), Addr: p.RemoteAddr(), Err: os.NewSyscallError("read", t.errno)}
	case t.n == 0:
		return 0, io.EOF
	}
	return t.n, nil
}

// read tells whether it need not be tried again when there is something.
func (t *transfer) read(fd uintptr) bool {
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(t.parts[0]))), uintptr(len(t.parts[0])))
		if errno == syscall.EINTR {
			continue
		}
		t.n, t.errno = int(n), errno
		return errno != syscall.EAGAIN
	}
}

// Write implements net.Conn.
func (p *prompt) Write(b []byte) (int, error) { return p.WriteBoth(b, nil) }

// WriteBoth writes two slices, in one call if there is room.
func (p *prompt) WriteBoth(head, body []byte) (int, error) {
	t := &p.out
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parts, t.n, t.errno = [2][]byte{head, body}, 0, 0
	err := p.raw.Write(t.do)
	t.parts, t.iov = [2][]byte{}, [2]unix.Iovec{}
	if err == nil && t.errno != 0 {
		err = &net.OpError{Op: "write", Net: "tcp", Source: p.LocalAddr(), Addr: p.RemoteAddr(), Err: os.NewSyscallError("writev", t.errno)}
	}
	return t.n, err
}

// write writes what there is room for, and tells whether it need not be tried again when there is more.
func (t *transfer) write(fd uintptr) bool {
	for {
		count := 0
		for _, part := range t.parts {
			if len(part) > 0 {
				t.iov[count].Base = unsafe.SliceData(part)
				t.iov[count].SetLen(len(part))
				count++
			}
		}
		if count == 0 {
			return true
		}
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&t.iov[0])), uintptr(count))
		switch errno {
		case 0:
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return false
		default:
			t.errno = errno
			return true
		}
		t.n += int(n)
		for i, part := range t.parts {
			went := min(int(n), len(part))
			t.parts[i] = part[went:]
			n -= uintptr(went)
		}
	}
}
