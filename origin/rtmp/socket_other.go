//go:build !linux

package rtmp

import "net"

// socket is for systems on which one can look without waiting, and not be woken: elsewhere what comes is read as it comes.
type socket struct{}

func socketOf(*net.TCPConn) *socket { return nil }

func (*socket) look([]byte) (int, error) { return 0, errNothing }

func (*socket) aside(int) {}
