package main

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// tellsPace: the system tells how fast connections are.
const tellsPace = true

// paceOf returns how many bytes the other side of a connection has taken so far, and whether more of them wait than may be on their way.
func paceOf(conn *net.TCPConn) (taken uint64, waiting, ok bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, false, false
	}
	_ = raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			taken, waiting, ok = info.Bytes_acked, info.Notsent_bytes > 0, true
		}
	})
	return taken, waiting, ok
}

// mostUnsent is how much the system takes of what it cannot send yet, for each connection.
const mostUnsent = 256 << 10

// boundUnsent has all connections of a listener keep to mostUnsent.
func boundUnsent(_, _ string, raw syscall.RawConn) (err error) {
	if failed := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, mostUnsent)
	}); failed != nil {
		return failed
	}
	return err
}
