package main

import (
	"cmp"
	"net"
	"os"
	"strings"
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

// TestCongestion: where this machine alone can come nobody is sent anything at a pace that BBR has measured.
func TestCongestion(t *testing.T) {
	for _, c := range []struct{ address, own, want string }{
		{"127.0.0.1:8081", "bbr\n", "reno"}, {"[::1]:8081", "bbr", "reno"}, {"127.9.9.9:0", "bbr2\n", "reno"}, {"127.0.0.1:8081", "cubic\n", ""}, {"127.0.0.1:8081", "", ""},
		{"0.0.0.0:8081", "bbr\n", ""}, {"[::]:8081", "bbr\n", ""}, {"192.0.2.1:80", "bbr\n", ""}, {"what", "bbr", ""},
	} {
		if got := congestion(c.address, c.own); got != c.want {
			t.Errorf("%s of a system with %q: %q, want %q", c.address, c.own, got, c.want)
		}
	}
}

// TestCongestionOfWhoComes: connections have what their listener was given.
func TestCongestionOfWhoComes(t *testing.T) {
	own, err := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"127.0.0.1:0", "0.0.0.0:0"} {
		want := cmp.Or(congestion(address, string(own)), strings.TrimSpace(string(own)))
		listener, err := door{"http", address}.listen()
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		viewer, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			t.Fatal(err)
		}
		defer viewer.Close()
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		raw, err := conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			if control, err := unix.GetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION); err != nil || strings.TrimRight(control, "\x00") != want {
				t.Errorf("%s: %q, want %q (%v)", address, control, want, err)
			}
		})
	}
}
