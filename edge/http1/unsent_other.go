//go:build !linux

package http1

import "net"

func boundUnsent(net.Conn) {}
