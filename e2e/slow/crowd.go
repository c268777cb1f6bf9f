//go:build linux

package main

import (
	"context"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/shoal-live/shoal/e2e/attack"
)

// again is how long a slow one waits that was not let in.
const again = 100 * time.Millisecond

// A crowd is how many are slow, in one way or the other.
type crowd struct {
	readers, headers int
	arrival          time.Duration // that they come in, one after the other
	segment          int           // bytes of a packet to them; 0: as much as there is room for
	insists          bool          // they do not give way
}

// fates are what became of the slow ones of one kind. Times are in seconds.
type fates struct {
	Begun  int       `json:"begun"`
	Ended  []float64 `json:"ended"`  // how long those had that the edge ended
	Oldest float64   `json:"oldest"` // of those that were left at last
	Absent int       `json:"absent"` // never were there
}

func (f *fates) add(o fates) {
	f.Begun += o.Begun
	f.Ended = append(f.Ended, o.Ended...)
	f.Oldest = max(f.Oldest, o.Oldest)
	f.Absent += o.Absent
}

// outcome is what became of all.
type outcome struct {
	Readers fates `json:"readers"`
	Headers fates `json:"headers"`
}

// start has a process be slow at an edge.
func (c crowd) start(ctx context.Context, at string) (*attack.Process, error) {
	args := []string{"-on", at, "-readers", strconv.Itoa(c.readers), "-headers", strconv.Itoa(c.headers), "-arrival", c.arrival.String(),
		"-segment", strconv.Itoa(c.segment)}
	if c.insists {
		args = append(args, "-insist")
	}
	return attack.Start(ctx, args...)
}

// attack holds slow connections until ctx ends, and begins each anew that is ended.
func (c crowd) attack(ctx context.Context, at string) (o outcome, err error) {
	var mu sync.Mutex // guards o
	var group sync.WaitGroup
	for _, kind := range []struct {
		many int
		slow func(context.Context, string, int) time.Duration
		all  *fates
	}{{c.readers, slowReader, &o.Readers}, {c.headers, slowHeader, &o.Headers}} {
		for i := range kind.many {
			group.Go(func() {
				select {
				case <-ctx.Done():
				case <-time.After(c.arrival * time.Duration(i) / time.Duration(kind.many)):
				}
				own := persist(ctx, func() time.Duration { return kind.slow(ctx, at, c.segment) })
				mu.Lock()
				defer mu.Unlock()
				kind.all.add(own)
			})
		}
	}
	group.Wait()
	return o, nil
}

// persist is slow until ctx ends. What is slow returns how long it was let; 0: it was not at all.
func persist(ctx context.Context, slow func() time.Duration) (own fates) {
	for ctx.Err() == nil {
		lasted := slow()
		if lasted == 0 {
			time.Sleep(again)
			continue
		}
		own.Begun++
		if ctx.Err() != nil {
			own.Oldest = lasted.Seconds()
		} else {
			own.Ended = append(own.Ended, lasted.Seconds())
		}
	}
	if own.Begun == 0 {
		own.Absent = 1
	}
	return own
}

// slowReader asks for the large object and takes a kilobyte a second of it.
func slowReader(ctx context.Context, at string, segment int) time.Duration {
	b := make([]byte, 1<<10)
	asks := "GET " + largePath + " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: slow\r\n\r\n"
	return trickle(ctx, at, segment, asks, func(c net.Conn) error {
		if ended(c.(*net.TCPConn)) { // though what came before can be read still
			return net.ErrClosed
		}
		_, err := io.ReadFull(c, b)
		return err
	})
}

// ended tells whether a connection is no more.
func ended(c *net.TCPConn) (is bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return true
	}
	_ = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		is = err == nil && info.State == unix.BPF_TCP_CLOSE
	})
	return is
}

// slowHeader says a byte a second.
func slowHeader(ctx context.Context, at string, segment int) time.Duration {
	b := make([]byte, 1)
	return trickle(ctx, at, segment, "GET / HTTP/1.1\r\nHost: ", func(c net.Conn) error {
		_, err := c.Write([]byte("x"))
		if err == nil {
			c.SetReadDeadline(time.Now().Add(time.Second / 2)) // the end is read
			_, err = c.Read(b)
		}
		if os.IsTimeout(err) {
			return nil
		}
		return err
	})
}

// trickle connects with as small a buffer as there is, says something, and does something each second until that fails or ctx ends. It
// returns how long that was.
func trickle(ctx context.Context, at string, segment int, says string, each func(net.Conn) error) time.Duration {
	dialer := net.Dialer{
		LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 66, 66, 66)}, Timeout: patience,
		Control: func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) {
				_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<10)
				if segment > 0 {
					_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, segment)
				}
			})
		},
	}
	c, err := dialer.DialContext(ctx, "tcp", at)
	if err != nil {
		return 0
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	began := time.Now()
	if _, err := io.WriteString(c, says); err != nil {
		return 0
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return time.Since(began)
		case <-ticker.C:
			if each(c) != nil {
				return time.Since(began)
			}
		}
	}
}
