//go:build !linux

package rtmp

import "net"

func gather(net.Conn, int) {}
