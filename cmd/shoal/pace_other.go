//go:build !linux

package main

import (
	"net"
	"syscall"
)

// tellsPace: how fast connections are is not told in a way that is known here. What is written to them has its time all the same.
const tellsPace = false

func paceOf(*net.TCPConn) (taken uint64, waiting, ok bool) { return 0, false, false }

func fit(string, string, syscall.RawConn) error { return nil }
