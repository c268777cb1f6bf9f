package http1

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// gateway is a cache whose one answer comes when it is told.
type gateway struct {
	done    chan struct{}
	waiting atomic.Int64
	gone    atomic.Int64
	never   bool // it does not come even then
}

func (g *gateway) Hit(_ netip.Addr, h *Head, _ time.Time) (Answer, bool) {
	if string(h.Target) != "/later" {
		return Answer{}, false
	}
	g.waiting.Add(1)
	return Answer{Wait: g}, true
}
func (g *gateway) Answer(*Head, time.Time) (Answer, bool) {
	select {
	case <-g.done:
		return Answer{Head: []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), Body: []byte("later"), Tally: &tally{}}, !g.never
	default:
		return Answer{}, false
	}
}
func (g *gateway) Done() <-chan struct{} { return g.done }
func (g *gateway) Leave(gone bool) {
	g.waiting.Add(-1)
	if gone {
		g.gone.Add(1)
	}
}

func TestReleasedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{done: make(chan struct{})}
		s := start(t, Config{Handler: plainHandler, Cache: g})
		const viewers = 50
		readers := make([]*bufio.Reader, viewers)
		for i := range readers {
			c := s.connect(t)
			readers[i] = bufio.NewReader(c)
			text := ask("/later")
			switch {
			case i == 1: // says more than there is room for, meanwhile
				text += ask("/query?" + strings.Repeat("a", firstBuffer))
			case i > 1:
				text += ask("/text")
			}
			say(t, c, text)
			if i >= 40 { // leaves meanwhile
				synctest.Wait()
				c.Close()
			}
		}
		time.Sleep(5 * time.Minute) // nobody who waits is at rest
		if n := g.waiting.Load(); n != 40 {
			t.Errorf("%d wait, want 40", n)
		}
		s.front.mu.Lock()
		for _, b := range s.front.bells {
			if len(b.waiting) != 40 {
				t.Errorf("%d are to be woken, want 40", len(b.waiting))
			}
		}
		s.front.mu.Unlock()
		close(g.done)
		for i, r := range readers[:40] {
			if _, body := answered(t, r, "GET"); body != "later" {
				t.Errorf("viewer %d: %q", i, body)
			}
			want := "text"
			switch i {
			case 0:
				continue
			case 1:
				want = strings.Repeat("a", firstBuffer) + "a"
			}
			if _, body := answered(t, r, "GET"); body != want {
				t.Errorf("viewer %d: then %q", i, body)
			}
		}
		synctest.Wait()
		s.front.mu.Lock()
		defer s.front.mu.Unlock()
		if n := g.waiting.Load(); n != 0 || g.gone.Load() != 10 || len(s.front.bells) != 0 || len(s.front.conns) != 40 {
			t.Errorf("%d wait, %d have left, %d bells, %d connections", n, g.gone.Load(), len(s.front.bells), len(s.front.conns))
		}
	})
}

// TestWaitedForNothing: what has not come after a wait is the handler's.
func TestWaitedForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{done: make(chan struct{}), never: true}
		c := start(t, Config{Handler: plainHandler, Cache: g}).connect(t)
		say(t, c, ask("/later"))
		synctest.Wait()
		close(g.done)
		if resp, body := answered(t, bufio.NewReader(c), "GET"); resp.StatusCode != 200 || body != "" {
			t.Errorf("%d %q", resp.StatusCode, body)
		}
	})
}

// TestEndOfWaiting: who waits when the front ends is let go after HeldTime.
func TestEndOfWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{done: make(chan struct{})}
		s := start(t, Config{Handler: plainHandler, Cache: g})
		c := s.connect(t)
		say(t, c, ask("/later"))
		synctest.Wait()
		began := time.Now()
		s.end()
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Error(err)
		}
		<-s.ended
		if d := time.Since(began); d != time.Second/4 || g.waiting.Load() != 0 {
			t.Errorf("after %v, %d wait", d, g.waiting.Load())
		}
	})
}

// lateDeadline is a connection that is only woken, the first time, when it has read once more.
type lateDeadline struct {
	net.Conn
	late, heard chan struct{} // closed when it is about to be woken, and when it has read since
	once, since sync.Once
}

func newLateDeadline(c net.Conn) *lateDeadline {
	return &lateDeadline{Conn: c, late: make(chan struct{}), heard: make(chan struct{})}
}

func (c *lateDeadline) SetReadDeadline(at time.Time) error {
	if at.Equal(past) {
		c.once.Do(func() { close(c.late); <-c.heard })
	}
	return c.Conn.SetReadDeadline(at)
}

func (c *lateDeadline) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	select {
	case <-c.late:
		c.since.Do(func() { close(c.heard) })
	default:
	}
	return n, err
}

// TestWokenInTime: who is seen to say something while it is woken is not woken once more when it is no longer waiting.
func TestWokenInTime(t *testing.T) {
	for name, most := range map[string]int{"with room for more": 100, "with none": firstBuffer} {
		g := &gateway{done: make(chan struct{})}
		s := start(t, Config{Handler: plainHandler, Cache: g})
		const viewers = 3
		var conns [viewers]net.Conn
		var late [viewers]*lateDeadline
		for i := range viewers {
			viewer, conn := net.Pipe()
			late[i] = newLateDeadline(conn)
			s.pipes.conns <- late[i]
			conns[i] = viewer
			io.WriteString(viewer, ask("/later"))
		}
		for g.waiting.Load() < viewers {
			time.Sleep(time.Millisecond)
		}
		close(g.done)
		next := ask("/query?" + strings.Repeat("a", most))
		for i, viewer := range conns {
			go func() {
				<-late[i].late
				say(t, viewer, next)
			}()
		}
		for i, viewer := range conns {
			r := bufio.NewReader(viewer)
			answered(t, r, "GET")
			answered(t, r, "GET")
			say(t, viewer, ask("/text"))
			if resp, err := http.ReadResponse(r, nil); err != nil {
				t.Errorf("%s, viewer %d: %v", name, i, err)
			} else if body, _ := io.ReadAll(resp.Body); string(body) != "text" {
				t.Errorf("%s, viewer %d: %q", name, i, body)
			}
		}
	}
}

// TestLastAnswer: what comes to who waits while the front ends is the last answer of its connection, and says so.
func TestLastAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{done: make(chan struct{})}
		s := start(t, Config{Handler: plainHandler, Cache: g})
		c := s.connect(t)
		say(t, c, ask("/later"))
		synctest.Wait()
		s.end()
		time.Sleep(time.Second / 8)
		close(g.done)
		if resp, _ := answered(t, bufio.NewReader(c), "GET"); !resp.Close {
			t.Error("the connection ends without a word")
		}
	})
}
