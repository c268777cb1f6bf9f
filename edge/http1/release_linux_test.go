package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// lock is a gateway of TCP's viewers: its answers are as large as asked for, and from a file where that is asked for.
type lock struct {
	done    chan struct{}
	body    []byte
	file    int // of the body, behind room for a head; less than 0: none
	fault   bool
	waiting atomic.Int64
	gone    atomic.Int64
	held    atomic.Int64 // files
	sent    atomic.Int64 // bytes
	told    atomic.Int64 // answers
}

func newLock(t *testing.T, size int) *lock {
	l := &lock{done: make(chan struct{}), body: make([]byte, size)}
	rand.NewChaCha8([32]byte{}).Read(l.body)
	var err error
	if l.file, err = unix.MemfdCreate("body", unix.MFD_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(l.file) })
	if n, err := unix.Pwrite(l.file, l.body, ahead); n < size {
		t.Fatal(n, err)
	}
	return l
}

func (l *lock) Hit(_ netip.Addr, h *Head, _ time.Time) (Answer, bool) {
	target := string(h.Target)
	if !strings.HasPrefix(target, "/held") {
		return Answer{}, false
	}
	l.waiting.Add(1)
	return Answer{Wait: hold{l, target == "/held/file"}}, true
}

func (l *lock) Hold() (int, int64, bool) { l.held.Add(1); return l.file, ahead, true }
func (l *lock) Release()                 { l.held.Add(-1) }
func (l *lock) Count(n int)              { l.told.Add(1); l.sent.Add(int64(n)) }

// awaitWaiting waits until so many wait.
func (l *lock) awaitWaiting(n int64) {
	for l.waiting.Load() != n {
		time.Sleep(time.Millisecond)
	}
}

type hold struct {
	*lock
	filed bool
}

func (h hold) Done() <-chan struct{} { return h.done }
func (h hold) Leave(gone bool) {
	h.waiting.Add(-1)
	if gone {
		h.gone.Add(1)
	}
}
func (h hold) Answer(*Head, time.Time) (Answer, bool) {
	if h.fault {
		panic("fault")
	}
	a := Answer{Head: fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(h.body)), Body: h.body, Tally: h.lock}
	if h.filed {
		a.File = h.lock
	}
	return a, true
}

// startTCP runs a front on a loopback address.
func startTCP(t *testing.T, config Config) (s *stand, connect func() net.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, listener, config), func() net.Conn {
		c, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
}

// TestReleased: whoever waits gets the whole answer from who rings, or the rest of it by itself where it reads slowly, and then what it has asked for meanwhile
// or asks for later, on the same connection.
func TestReleased(t *testing.T) {
	for _, size := range []int{0, 2 << 10, 250_000, 8 << 20} {
		for _, path := range []string{"/held", "/held/file"} {
			t.Run(fmt.Sprint(size, path), func(t *testing.T) {
				l := newLock(t, size)
				s, connect := startTCP(t, Config{Handler: plainHandler, Cache: l})
				const each, kinds = 3, 5
				conns := make([]net.Conn, each*kinds)
				for i := range conns {
					conns[i] = connect()
					text := ask(path)
					switch i % kinds {
					case 1: // says the next at once
						text += ask("/text")
					case 2: // and more than there is room for
						text += ask("/query?" + strings.Repeat("a", firstBuffer))
					case 3: // and half of the next
						text += ask("/text")[:5]
					}
					io.WriteString(conns[i], text)
				}
				l.awaitWaiting(each * kinds)
				for i := 4; i < len(conns); i += kinds {
					conns[i].Close()
				}
				l.awaitWaiting(each * (kinds - 1))
				close(l.done)
				var all sync.WaitGroup
				for i, c := range conns {
					if i%kinds == 4 {
						continue
					}
					all.Go(func() {
						r := bufio.NewReader(c)
						if _, body := answered(t, r, "GET"); !bytes.Equal([]byte(body), l.body) {
							t.Errorf("viewer %d: %d bytes of %d", i, len(body), size)
						}
						want := "text"
						switch i % kinds {
						case 0:
							io.WriteString(c, ask("/text"))
						case 2:
							want = strings.Repeat("a", firstBuffer) + "a"
						case 3:
							io.WriteString(c, ask("/text")[5:])
						}
						if _, body := answered(t, r, "GET"); body != want {
							t.Errorf("viewer %d: then %q", i, body)
						}
					})
				}
				all.Wait()
				s.end()
				<-s.ended
				if n := int64(each * (kinds - 1)); l.waiting.Load() != 0 || l.gone.Load() != each || l.held.Load() != 0 || l.told.Load() != n || l.sent.Load() != n*int64(size) {
					t.Errorf("%d wait, %d have left, %d files, %d answers of %d, %d bytes", l.waiting.Load(), l.gone.Load(), l.held.Load(), l.told.Load(), n, l.sent.Load())
				}
			})
		}
	}
}

// TestReleasedRests: who was answered by who rings may rest for as long as anybody, and no longer, and is gone at once when the front ends.
func TestReleasedRests(t *testing.T) {
	for _, ends := range []bool{false, true} {
		l := newLock(t, 100)
		idle := 50 * time.Millisecond
		if ends {
			idle = time.Hour
		}
		s, connect := startTCP(t, Config{Handler: plainHandler, Cache: l, IdleTime: idle})
		c := connect()
		io.WriteString(c, ask("/held"))
		l.awaitWaiting(1)
		close(l.done)
		r := bufio.NewReader(c)
		answered(t, r, "GET")
		if ends {
			s.end()
		}
		if _, err := r.ReadByte(); err != io.EOF {
			t.Errorf("the front ends %v: %v", ends, err)
		}
	}
}

// TestReleasedInVain: a fault of a cache's ends the connection that it was for, and no other.
func TestReleasedInVain(t *testing.T) {
	l := newLock(t, 100)
	l.fault = true
	_, connect := startTCP(t, Config{Handler: plainHandler, Cache: l})
	held, other := connect(), connect()
	io.WriteString(held, ask("/held"))
	l.awaitWaiting(1)
	close(l.done)
	if _, err := held.Read(make([]byte, 1)); err == nil {
		t.Error("there is an answer")
	}
	io.WriteString(other, ask("/text"))
	answered(t, bufio.NewReader(other), "GET")
}

// TestReleasedUnread: who reads nothing keeps nobody from an answer, and is given up when WriteTime has passed.
func TestReleasedUnread(t *testing.T) {
	l := newLock(t, 16<<20)
	s, connect := startTCP(t, Config{Handler: plainHandler, Cache: l, WriteTime: time.Second})
	lazy := make([]net.Conn, 20)
	for i := range lazy {
		lazy[i] = connect()
		io.WriteString(lazy[i], ask("/held"))
	}
	reader := connect()
	io.WriteString(reader, ask("/held/file"))
	l.awaitWaiting(int64(len(lazy)) + 1)
	close(l.done)
	if _, body := answered(t, bufio.NewReader(reader), "GET"); !bytes.Equal([]byte(body), l.body) {
		t.Errorf("%d bytes", len(body))
	}
	for l.told.Load() < int64(len(lazy))+1 {
		time.Sleep(time.Millisecond)
	}
	s.end()
	<-s.ended
	if l.held.Load() != 0 || l.waiting.Load() != 0 {
		t.Errorf("%d files, %d wait", l.held.Load(), l.waiting.Load())
	}
}
