//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds how long anything is waited for.
const patience = 20 * time.Second

// viewers of one loopback address at most, so that their ports suffice.
const perAddress = 5000

// crowd is viewers with a connection each, kept alive, all in one loop around epoll.
type crowd struct {
	epoll   int
	calls   []*call
	scratch []byte // where bodies go
	copies  bool   // they do; else the kernel throws them away
	events  []unix.EpollEvent
}

// call is one connection and what is asked by it.
type call struct {
	fd     int
	head   []byte // as far as it has come
	left   int    // bytes of the body that have not
	status int
	asked  time.Time
	first  time.Time // when bytes of the body came
	whole  time.Time
}

// gather connects viewers to a server.
func gather(address string, viewers int, copies bool) (*crowd, error) {
	to, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	w := &crowd{epoll: epoll, copies: copies, scratch: make([]byte, 1<<20), events: make([]unix.EpollEvent, 1024)}
	for i := range viewers {
		if err := w.join(to, byte(2+i/perAddress), i); err != nil {
			w.leave()
			return nil, fmt.Errorf("viewer %d: %w", i, err)
		}
	}
	return w, nil
}

func (w *crowd) join(to *net.TCPAddr, from byte, number int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	w.calls = append(w.calls, &call{fd: fd})
	return errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, from}}),
		unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte(to.IP.To4()), Port: to.Port}),
		unix.SetNonblock(fd, true),
		unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(number)}),
	)
}

func (w *crowd) leave() {
	for _, c := range w.calls {
		unix.Close(c.fd)
	}
	unix.Close(w.epoll)
}

// ask sends a request. It is small and the one before is answered, so it goes in one piece.
func (c *call) ask(request []byte) error {
	c.head, c.left, c.status = c.head[:0], 0, 0
	c.asked, c.first = time.Now(), time.Time{}
	n, err := unix.Write(c.fd, request)
	if err == nil && n != len(request) {
		err = errors.New("a request went in part")
	}
	return err
}

// askAll has all viewers ask the same.
func (w *crowd) askAll(request []byte) error {
	for _, c := range w.calls {
		if err := c.ask(request); err != nil {
			return err
		}
	}
	return nil
}

// once has all viewers ask the same at once, and returns when all are answered.
func (w *crowd) once(ctx context.Context, request []byte) error {
	if err := w.askAll(request); err != nil {
		return err
	}
	return w.answers(ctx)
}

// answers returns when all who asked are answered.
func (w *crowd) answers(ctx context.Context) error {
	left := len(w.calls)
	return w.pump(ctx, false, func(*call) (bool, error) { left--; return left > 0, nil })
}

// again has all viewers ask the same over and over for a while, and returns how many answers came.
func (w *crowd) again(ctx context.Context, request []byte, for_ time.Duration) (answers int, err error) {
	until := time.Now().Add(for_)
	if err := w.askAll(request); err != nil {
		return 0, err
	}
	asking := len(w.calls)
	err = w.pump(ctx, true, func(c *call) (bool, error) {
		answers++
		if c.whole.Before(until) {
			return true, c.ask(request)
		}
		asking--
		return asking > 0, nil
	})
	return answers, err
}

// pump reads answers until answered says that it was the last, or nothing comes. Who spins never sleeps, so that no server pays for
// waking him: on a network that would be another machine's to do.
func (w *crowd) pump(ctx context.Context, spin bool, answered func(*call) (more bool, err error)) error {
	wait := int(patience / time.Millisecond)
	if spin {
		wait = 0
	}
	last := time.Now()
	for ctx.Err() == nil {
		n, err := unix.EpollWait(w.epoll, w.events, wait)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			if time.Since(last) >= patience {
				return fmt.Errorf("nothing came for %v", patience)
			}
			continue
		}
		last = time.Now()
		for _, event := range w.events[:n] {
			c := w.calls[event.Fd]
			done, err := c.read(w.scratch, w.copies)
			if err != nil {
				return fmt.Errorf("viewer %d: %w", event.Fd, err)
			}
			if !done {
				continue
			}
			if more, err := answered(c); err != nil || !more {
				return err
			}
		}
	}
	return ctx.Err()
}

// read takes what there is of an answer, and tells whether it is whole.
func (c *call) read(scratch []byte, copies bool) (done bool, err error) {
	if c.status == 0 {
		n, err := unix.Read(c.fd, scratch[:4<<10])
		if n <= 0 {
			return false, ended(n, err)
		}
		c.head = append(c.head, scratch[:n]...)
		if err := c.readHead(); err != nil || c.status == 0 {
			return false, err
		}
	} else {
		n, err := c.skip(scratch, copies)
		if n <= 0 {
			return false, ended(n, err)
		}
		c.left -= n
	}
	for c.left > 0 {
		n, err := c.skip(scratch, copies)
		if n <= 0 {
			return false, ended(n, err)
		}
		c.left -= n
	}
	if c.left < 0 {
		return false, errors.New("more came than was asked for")
	}
	c.whole = time.Now()
	return true, nil
}

func (c *call) skip(scratch []byte, copies bool) (int, error) {
	flags := unix.MSG_TRUNC
	if copies {
		flags = 0
	}
	n, _, err := unix.Recvfrom(c.fd, scratch[:min(len(scratch), c.left)], flags)
	if n > 0 && c.first.IsZero() {
		c.first = time.Now()
	}
	return n, err
}

// ended tells why a read brought nothing, which is no error where more will come.
func ended(n int, err error) error {
	switch {
	case err == unix.EAGAIN:
		return nil
	case n == 0 && err == nil:
		return errors.New("the server has closed the connection")
	}
	return err
}

var (
	headEnd    = []byte("\r\n\r\n")
	lengthLine = []byte("\r\ncontent-length:")
)

// readHead reads the head's status and length once it is whole.
func (c *call) readHead() error {
	end := bytes.Index(c.head, headEnd)
	if end < 0 {
		return nil
	}
	head := c.head[:end+2]
	if len(head) < 12 {
		return errors.New("no HTTP")
	}
	status, err := strconv.Atoi(string(head[9:12]))
	at := indexFold(head, lengthLine)
	if err != nil || status != 200 || at < 0 {
		return fmt.Errorf("an answer without status 200 or length: %q", head)
	}
	line := head[at+len(lengthLine):]
	length, err := strconv.Atoi(string(bytes.TrimSpace(line[:bytes.IndexByte(line, '\r')])))
	if err != nil {
		return err
	}
	c.status = status
	c.left = length - (len(c.head) - end - len(headEnd))
	if c.left < length {
		c.first = time.Now()
	}
	return nil
}

// indexFold is bytes.Index whatever the case of the letters in b.
func indexFold(b, lower []byte) int {
	for i := 0; i+len(lower) <= len(b); i++ {
		if b[i] == lower[0] && bytes.EqualFold(b[i:i+len(lower)], lower) {
			return i
		}
	}
	return -1
}
