package main

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestNoFileIsLeft takes every descriptor there is: who comes then is told so, and who comes afterwards is let in.
//
// Clause: edge-shed
func TestNoFileIsLeft(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLobby(listener, bounds{all: 100, tells: true}, prometheus.NewRegistry(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	early, err := net.Dial("tcp", listener.Addr().String()) // it waits in the system's queue: nobody accepts yet
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	few := before
	few.Cur = min(few.Cur, 400)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	var taken []int
	for {
		fd, err := syscall.Dup(0)
		if err != nil {
			break
		}
		taken = append(taken, fd)
	}
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if temporary, ok := err.(interface{ Temporary() bool }); ok && temporary.Temporary() {
				time.Sleep(time.Millisecond) // as net/http's server does
				continue
			}
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	told := toldWhy(t, early)
	early.Close()
	for _, fd := range taken {
		syscall.Close(fd)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if shed := testutil.ToFloat64(l.shed.WithLabelValues(shedFiles)); told != 503 || shed != 1 {
		t.Errorf("%d was told, %v are counted", told, shed)
	}
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := <-accepted
	in.Close()
	l.Close()
	for range accepted {
	}
	l.bid()
}
