package rtmp

import (
	"crypto/tls"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// TestAdmitted: a broadcast is read at beats once it is admitted, with TLS between as well.
func TestAdmitted(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"RTMP":  func(c net.Conn) net.Conn { return c },
		"RTMPS": func(c net.Conn) net.Conn { return tls.Server(c, &tls.Config{}) },
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := pacedPair(t)
			h := newHouse(t, Config{})
			session, err := h.streams.Publish("demo", "rtmp")
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			b := &bounded{Conn: wrap(p)}
			if p.socket != nil {
				t.Error("it is read at beats before")
			}
			if b.admitted(session); p.socket == nil || p.awaited == nil {
				t.Error("it is not")
			}
		})
	}
}

// TestPacedLooks: after much, and after a pause, a broadcast is read at beats as before, and nothing is looked for in between.
func TestPacedLooks(t *testing.T) {
	const much = 2 * plenty
	p, peer := pacedPair(t)
	p.pace(func() (newest, left time.Duration, ok bool) { return 0, 0, false })
	looks, look := 0, p.socket.fd
	p.socket.fd = func(fd uintptr) bool { looks++; return look(fd) }
	heard := p.heard
	go func() { _, _ = peer.Write(make([]byte, much)) }()
	if _, err := io.ReadFull(p, make([]byte, much)); err != nil {
		t.Fatal(err)
	}
	if !p.heard.After(heard) {
		t.Error("what came at a beat was not heard")
	}
	heard = p.heard
	later := time.AfterFunc(2*rest, func() { _, _ = peer.Write([]byte{1}) })
	defer later.Stop()
	if n, err := p.Read(make([]byte, 2)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if !p.heard.After(heard) {
		t.Error("what came after a pause was not heard")
	}
	if looks > 5000 { // 16 KiB each and one a beat would be 32
		t.Errorf("it was looked %d times", looks)
	}
	var low int
	err := p.socket.raw.Control(func(fd uintptr) { low, _ = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT) })
	if err != nil || low <= 1 {
		t.Errorf("the kernel wakes us once there are %d bytes: %v", low, err)
	}
	p.heard = time.Now().Add(time.Hour) // however busy the machine is
	if _, err := peer.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Read(make([]byte, 2)); n != 1 || err != nil || p.took != 1 {
		t.Errorf("%d bytes in this beat, of which %d came: %v", p.took, n, err)
	}
}

// pacedPair is a connection that can be paced, and its peer.
func pacedPair(t *testing.T) (p *paced, peer net.Conn) {
	t.Helper()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := pacedListener{plain, time.Now()}
	t.Cleanup(func() { _ = ln.Close() })
	if peer, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Close() })
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*paced), peer
}
