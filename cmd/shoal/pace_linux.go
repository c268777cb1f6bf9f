package main

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"sync"
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

// fit has all connections of a listener keep to mostUnsent, and those of one that only this machine reaches go as fast as they are taken.
func fit(_, address string, raw syscall.RawConn) (err error) {
	control := ""
	if from, err := netip.ParseAddrPort(address); err == nil && from.Addr().IsLoopback() {
		control = unpaced()
	}
	if failed := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, mostUnsent)
		if control != "" {
			_ = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, control) // else it costs more, and works as well
		}
	}); failed != nil {
		return failed
	}
	return err
}

// unpaced is the congestion control of who is asked by this machine alone, as behind a proxy, where the system's own sets connections a pace;
// empty: it sets none. BBR finds out what the way carries, and sends at that pace by a timer for every few packets. Here there is no way,
// and the timers cost as much as the sending. A connection keeps to the pace that it began with, so the listener must have it. Each system has Reno.
var unpaced = sync.OnceValue(func() string {
	own, err := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
	if err != nil || !bytes.HasPrefix(own, []byte("bbr")) {
		return ""
	}
	return "reno"
})
