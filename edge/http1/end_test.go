package http1

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTimes(t *testing.T) {
	for name, c := range map[string]struct {
		said  []string      // one a second
		until time.Duration // the connection ends after the last
		off   time.Duration // or so much sooner
	}{
		"silent from the first":  {[]string{""}, 10 * time.Second, 0},
		"half a head":            {[]string{"GET / HT"}, 10 * time.Second, 0},
		"a head line by line":    {[]string{"GET / HTTP/1.1\r\n", "Host: a\r\n", "X: y\r\n"}, 8 * time.Second, 0},
		"silent after a request": {[]string{ask("/text")}, 2 * time.Minute, lax},
		"half a head after one":  {[]string{ask("/text"), "GET"}, 10 * time.Second, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			viewer := start(t, Config{Handler: plainHandler}).connect(t)
			ended := make(chan time.Time, 1)
			go func() { io.Copy(io.Discard, viewer); ended <- time.Now() }()
			var last time.Time
			for i, text := range c.said {
				if i > 0 {
					time.Sleep(time.Second)
				}
				last = time.Now()
				say(t, viewer, text)
				synctest.Wait()
			}
			if d := (<-ended).Sub(last); d > c.until || d < c.until-c.off {
				t.Errorf("%s: ended after %v, want %v", name, d, c.until)
			}
		})
	}
}

func TestSlowReader(t *testing.T) {
	for _, fast := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c := start(t, Config{Handler: plainHandler, Cache: nil}).connect(t)
			say(t, c, ask("/large"))
			got, b := 0, make([]byte, Slice/2)
			for {
				n, err := io.ReadFull(c, b)
				if got += n; err != nil {
					break
				}
				if got >= 1<<20 {
					break
				}
				if fast {
					time.Sleep(12 * time.Second)
				} else {
					time.Sleep(40 * time.Second)
				}
			}
			if whole := got >= 1<<20; whole != fast {
				t.Errorf("fast %v: %d bytes", fast, got)
			}
		})
	}
}

func TestLeaving(t *testing.T) {
	for _, after := range []time.Duration{0, time.Hour} {
		for _, size := range []int{len(ask("/")), firstBuffer} {
			synctest.Test(t, func(t *testing.T) {
				left := make(chan struct{})
				s := start(t, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					<-r.Context().Done()
					close(left)
				})})
				c := s.connect(t)
				say(t, c, ask("/"+strings.Repeat("a", size-len(ask("/")))))
				time.Sleep(after)
				synctest.Wait()
				c.Close()
				synctest.Wait()
				select {
				case <-left:
				default:
					t.Errorf("not told after %v, of a head of %d bytes", after, size)
				}
				if s.gone != 1 {
					t.Errorf("%d are gone", s.gone)
				}
			})
		}
	}
}

func TestOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		contexts := make(chan context.Context, 1)
		s := start(t, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case contexts <- r.Context():
			default:
			}
			plainHandler(w, r)
		})})
		c := s.connect(t)
		r := bufio.NewReader(c)
		say(t, c, ask("/text"))
		answered(t, r, "GET")
		synctest.Wait()
		ctx := <-contexts
		select {
		case <-ctx.Done():
		default:
			t.Error("it goes on")
		}
		if ctx.Err() == nil {
			t.Error("it has not ended")
		}
		say(t, c, ask("/text"))
		answered(t, r, "GET")
	})
}

func TestTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Config{Handler: plainHandler})
		s.end()
		<-s.ended
		if _, conn := net.Pipe(); s.front.take(conn) != nil {
			t.Error("it is taken")
		}
	})
}

func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Config{Handler: plainHandler})
		resting, waiting, stuck, fresh := s.connect(t), s.connect(t), s.connect(t), s.connect(t)
		say(t, resting, ask("/text"))
		answered(t, bufio.NewReader(resting), "GET")
		say(t, waiting, ask("/wait"))
		say(t, stuck, ask("/large"))
		synctest.Wait()
		began := time.Now()
		s.end()
		for _, c := range []io.Reader{resting, fresh} {
			if n, err := c.Read(make([]byte, 1)); n > 0 || err != io.EOF || time.Now() != began {
				t.Errorf("at rest: %d %v after %v", n, err, time.Since(began))
			}
		}
		resp, body := answered(t, bufio.NewReader(waiting), "GET")
		if d := time.Since(began); body != "waited" || !resp.Close || d != time.Second/4 {
			t.Errorf("%q after %v, close %v", body, d, resp.Close)
		}
		<-s.ended
		if d := time.Since(began); d != 5*time.Second {
			t.Errorf("ended after %v", d)
		}
		if s.gone != 4 {
			t.Errorf("%d are gone", s.gone)
		}
	})
}

func TestHandedOnForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, Config{Handler: plainHandler}).connect(t)
		r := bufio.NewReader(c)
		say(t, c, ask("/text"))
		answered(t, r, "GET")
		say(t, c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
		time.Sleep(time.Hour)
		say(t, c, "cd")
		if _, body := answered(t, r, "POST"); body != "handed on: POST / abcd" {
			t.Errorf("%q", body)
		}
	})
}

// halved is a connection of which one half can be closed.
type halved struct {
	net.Conn
	closed int
}

func (h *halved) CloseWrite() error { h.closed++; return nil }

// TestHalfClosed: who is handed a connection can close one half of it, as net/http's server does with who is refused.
func TestHalfClosed(t *testing.T) {
	h := &halved{}
	conn, ok := handOn(h, []byte("a"), nil).(interface{ CloseWrite() error })
	if !ok || conn.CloseWrite() != nil || h.closed != 1 {
		t.Errorf("it cannot, or has not: %v", h.closed)
	}
	if conn, ok := handOn(tls.Client(h, &tls.Config{}), nil, nil).(interface{ CloseWrite() error }); !ok || conn.CloseWrite() == nil {
		t.Error("by TLS it is closed before there is a handshake")
	}
}
