package rtmp

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/origin/stream"
)

// pipes is a listener within a test's own time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { close(p.closed); return nil }

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(t testing.TB) net.Conn {
	here, there := net.Pipe()
	t.Cleanup(func() { _ = here.Close() })
	p.conns <- there
	return here
}

// TestDeadConnection: a laptop changes its network. Its connection stays open and is silent; its broadcaster tries anew every two
// seconds, as OBS does, and is let in within three tries.
//
// Clause: rtmp-second-publisher, rtmp-reconnect
func TestDeadConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, port := newHouse(t, Config{}), newPipes()
		h.run(t, port, nil)
		old, _ := h.greet(t, port.dial(t), "live", "secret")
		old.begin(clipDress())
		old.play(clipDress(), 0, 5*time.Second)

		var answers []string
		for len(answers) < 25 {
			time.Sleep(2 * time.Second)
			c, code := h.greet(t, port.dial(t), "live", "secret")
			if answers = append(answers, code); code != "NetStream.Publish.Start" {
				_ = c.Close()
				continue
			}
			c.begin(clipDress())
			c.play(clipDress(), 0, 5*time.Second)
			break
		}
		synctest.Wait()
		if n := len(answers); n > 3 || answers[n-1] != "NetStream.Publish.Start" || !strings.HasPrefix(answers[0], "NetStream.Publish.BadName: Somebody") {
			t.Error(answers)
		}
		if d := h.streams.Get("demo").Describe(); d.State != stream.Live || d.LastMSN < 4 || strings.Count(plain(h), "#EXT-X-DISCONTINUITY\n") != 1 {
			t.Errorf("%+v\n%s", d, plain(h))
		}
		if _, err := old.Write([]byte{0}); err == nil {
			t.Error("the old connection is still open")
		}
	})
}

// TestSecondWhileFirstLives: as long as the first broadcaster sends anything, a second is refused, however often it tries; and
// the first does not notice.
//
// Clause: rtmp-second-publisher
func TestSecondWhileFirstLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, port := newHouse(t, Config{}), newPipes()
		h.run(t, port, nil)
		first, _ := h.greet(t, port.dial(t), "live", "secret")
		first.begin(clipDress())
		for at := time.Duration(0); at < 30*time.Second; at += 2 * time.Second {
			first.play(clipDress(), at, at+2*time.Second)
			time.Sleep(2 * time.Second)
			c, code := h.greet(t, port.dial(t), "live", "secret")
			if !strings.HasPrefix(code, "NetStream.Publish.BadName: Somebody is broadcasting") {
				t.Fatal(at, code)
			}
			_ = c.Close()
		}
		synctest.Wait()
		if text := plain(h); strings.Contains(text, "DISCONTINUITY\n") || h.streams.Get("demo").Describe().LastMSN < 13 {
			t.Error(text)
		}
	})
}

// TestSilence: a broadcaster that is silent for ten seconds is gone.
//
// Clause: rtmp-unpublish
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, port := newHouse(t, Config{}), newPipes()
		h.run(t, port, nil)
		c, _ := h.greet(t, port.dial(t), "live", "secret")
		c.begin(clipDress())
		c.play(clipDress(), 0, 5*time.Second)
		time.Sleep(silence - time.Second)
		if d := h.streams.Get("demo").Describe(); d.State != stream.Live {
			t.Error("too soon:", d.State)
		}
		time.Sleep(2 * time.Second)
		if d := h.streams.Get("demo").Describe(); d.State != stream.Interrupted {
			t.Error(d.State)
		}
	})
}

// TestRevoked: a broadcaster whose key is removed is told so with what it sends next, and cut off if it sends nothing.
//
// Clause: keys, rtmp-errors
func TestRevoked(t *testing.T) {
	for name, silent := range map[string]bool{"while it sends": false, "while it is silent": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, port := newHouse(t, Config{}), newPipes()
				h.run(t, port, nil)
				c, _ := h.greet(t, port.dial(t), "live", "secret")
				c.begin(clipDress())
				c.play(clipDress(), 0, 3*time.Second)
				synctest.Wait()
				if names := h.streams.Evict(func(string) bool { return false }); len(names) != 1 {
					t.Fatal(names)
				}
				synctest.Wait() // who would hang up at once has
				if silent {
					time.Sleep(lastWords)
				} else {
					c.send(typeVideo, 3*time.Second, clipDress().frame(0)...)
					if code := c.status(); !strings.HasPrefix(code, "NetStream.Publish.Rejected: The key") {
						t.Error(code)
					}
					_ = c.Close()
				}
				synctest.Wait()
				if _, err := c.Write([]byte{0}); err == nil {
					t.Error("the connection is still open")
				}
			})
		})
	}
}
