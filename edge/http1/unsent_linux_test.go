package http1

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// TestUnsent: the kernel takes no more for a viewer that reads nothing than what is on its way and the bound.
func TestUnsent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	viewer, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer viewer.Close()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	newConn(New(listener, Config{}), conn)
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	raw.Control(func(socket uintptr) {
		for b := make([]byte, 64<<10); err == nil; {
			n := 0
			if n, err = unix.Write(int(socket), b); err == nil {
				taken += n
			}
		}
	})
	// Its window is 64 kB or so, and the kernel looks at what waits once for each of its own buffers.
	if most := maxUnsent + 256<<10; err != unix.EAGAIN || taken < maxUnsent || taken > most {
		t.Errorf("%d bytes were taken, then %v; want %d to %d", taken, err, maxUnsent, most)
	}
}
