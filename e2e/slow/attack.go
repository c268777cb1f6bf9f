//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// counts is what became of the slow ones.
type counts struct {
	Readers      int `json:"readers"` // begun
	ReadersEnded int `json:"readersEnded"`
	Headers      int `json:"headers"`
	HeadersEnded int `json:"headersEnded"`
}

func (c *counts) add(o counts) {
	c.Readers += o.Readers
	c.ReadersEnded += o.ReadersEnded
	c.Headers += o.Headers
	c.HeadersEnded += o.HeadersEnded
}

// itself is an address for slow ones that their own process holds.
const itself = "itself"

// begin starts a process of slow ones, and returns, once all are there, how to end it and learn what became of them.
func begin(on string, readers, headers int) (end func() (counts, error), err error) {
	attacker := exec.Command(os.Args[0], "-on", on, "-readers", strconv.Itoa(readers), "-headers", strconv.Itoa(headers))
	attacker.Stderr = os.Stderr
	attacker.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := attacker.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := attacker.Start(); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(out)
	var there counts
	if err := decoder.Decode(&there); err != nil {
		attacker.Process.Kill()
		attacker.Wait()
		return nil, fmt.Errorf("the slow ones: %w", err)
	}
	return func() (c counts, err error) {
		attacker.Process.Signal(os.Interrupt)
		err = decoder.Decode(&c)
		attacker.Wait()
		return c, err
	}, nil
}

// giveWay makes this process the last in line for the processor: it has it only while nobody else wants it. Threads inherit
// that, but those that run already do not, so it begins anew.
func giveWay() error {
	const done = "SHOAL_SLOW_GAVE_WAY"
	if os.Getenv(done) != "" {
		return nil
	}
	runtime.LockOSThread()
	if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
		return fmt.Errorf("giving way: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(self, os.Args, append(os.Environ(), done+"=1"))
}

// hold takes what slow ones say on a listener, sends them all that they do not read, and ends them when an edge would, until it is closed.
func hold(listener net.Listener) {
	body := make([]byte, 1<<20)
	for {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			c.(*net.TCPConn).SetLinger(0)
			c.SetReadDeadline(time.Now().Add(10 * time.Second))
			b := make([]byte, 1<<10)
			for {
				n, err := c.Read(b)
				if err != nil {
					return
				}
				if n > 50 { // a whole request at once: a reader
					c.SetReadDeadline(time.Now().Add(10*time.Second + rand.N(2500*time.Millisecond)))
					if _, err := c.Write(body); err != nil {
						return
					}
				}
			}
		}()
	}
}

// attack holds slow connections until it is interrupted, and begins each anew that is ended.
func attack(on string, readers, headers int) (c counts, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if on == itself {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return c, err
		}
		defer listener.Close()
		go hold(listener)
		on = listener.Addr().String()
	}
	var begun, ended [2]atomic.Int64
	var group, there sync.WaitGroup
	for i := range readers + headers {
		kind, slow := 0, slowReader
		if i >= readers {
			kind, slow = 1, slowHeader
		}
		there.Add(1)
		group.Go(func() {
			for first := true; ctx.Err() == nil; first = false {
				begins := func() {
					begun[kind].Add(1)
					if first {
						there.Done()
					}
				}
				if slow(ctx, on, begins) && ctx.Err() == nil {
					ended[kind].Add(1)
				}
			}
		})
	}
	counted := func() counts {
		return counts{int(begun[0].Load()), int(ended[0].Load()), int(begun[1].Load()), int(ended[1].Load())}
	}
	there.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(counted()); err != nil {
		return c, err
	}
	<-ctx.Done()
	c = counted()
	group.Wait()
	return c, nil
}

// dial connects with as small a buffer as there is.
func dial(ctx context.Context, on string) (net.Conn, error) {
	dialer := net.Dialer{
		LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 66, 66, 66)}, Timeout: 5 * time.Second,
		Control: func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<10) })
		},
	}
	return dialer.DialContext(ctx, "tcp", on)
}

// slowReader asks for the large object and takes a kilobyte a second of it. It returns when the other side ends that, and tells whether there was a
// connection.
func slowReader(ctx context.Context, on string, begins func()) bool {
	return trickle(ctx, on, begins, "GET "+largePath+" HTTP/1.1\r\nHost: localhost\r\nUser-Agent: slow\r\n\r\n", func(c net.Conn) error {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		_, err := io.ReadFull(c, make([]byte, 1<<10))
		return err
	})
}

// slowHeader says a byte a second.
func slowHeader(ctx context.Context, on string, begins func()) bool {
	return trickle(ctx, on, begins, "GET / HTTP/1.1\r\nHost: ", func(c net.Conn) error {
		if _, err := c.Write([]byte("x")); err != nil {
			return err
		}
		c.SetReadDeadline(time.Now().Add(time.Millisecond)) // the end is read
		if _, err := c.Read(make([]byte, 1)); err != nil && !os.IsTimeout(err) {
			return err
		}
		return nil
	})
}

func trickle(ctx context.Context, on string, begins func(), says string, each func(net.Conn) error) bool {
	c, err := dial(ctx, on)
	if err != nil {
		return false
	}
	defer c.Close()
	if _, err := io.WriteString(c, says); err != nil {
		return true
	}
	begins()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
			if each(c) != nil {
				return true
			}
		}
	}
}
