package main

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// TestUnsentIsBounded: of what a connection has no room for, the system takes little more than mostUnsent, however large its packets are.
//
// Clause: edge-slow
func TestUnsentIsBounded(t *testing.T) {
	_, conn := meet(t, new(net.Dialer))
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1<<20)
	unsent := 0
	if err := raw.Write(func(fd uintptr) bool {
		for {
			if _, err = unix.Write(int(fd), b); err != nil {
				info, e := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
				if e != nil {
					t.Error(e)
					return true
				}
				unsent = int(info.Notsent_bytes)
				return true
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err != unix.EAGAIN || unsent == 0 || unsent > 4*mostUnsent {
		t.Errorf("%d bytes are unsent, %v", unsent, err)
	}
}
