package main

import (
	"net"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFit: whoever comes has the system's congestion control, but where only this machine can come none that sets a pace; and nobody has more wait than
// mostUnsent.
func TestFit(t *testing.T) {
	file, err := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.TrimSpace(string(file))
	local := own
	if strings.HasPrefix(own, "bbr") {
		local = "reno"
	}
	for address, want := range map[string]string{"127.0.0.1:0": local, "[::1]:0": local, "0.0.0.0:0": own, ":0": own} {
		listener, err := door{"http", address}.listen()
		if err != nil {
			if strings.Contains(address, "::") {
				continue // a machine without IPv6
			}
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		to := "127.0.0.1"
		if strings.Contains(address, "::") {
			to = "::1"
		}
		viewer, err := net.Dial("tcp", net.JoinHostPort(to, port))
		if err != nil {
			t.Fatal(err)
		}
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			control, err := unix.GetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION)
			unsent, failed := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT)
			if err != nil || failed != nil || strings.TrimRight(control, "\x00") != want || unsent != mostUnsent {
				t.Errorf("%s: %q and %d bytes, want %q and %d (%v, %v)", address, control, unsent, want, mostUnsent, err, failed)
			}
		})
		conn.Close()
		viewer.Close()
		listener.Close()
	}
}
