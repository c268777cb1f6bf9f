package rtmp

import (
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestVicinity(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "::ffff:192.0.2.77": "192.0.2.0/24", "2001:db8:1:2::77": "2001:db8:1::/48", "127.0.0.1": "127.0.0.0/24", "::1": "::/48",
	} {
		if got := vicinity(&net.TCPAddr{IP: net.ParseIP(ip), Port: 1}); got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
	if got := vicinity(&net.UnixAddr{}); got != "" {
		t.Error(got)
	}
}

func TestStrangers(t *testing.T) {
	from := func(ip string) *stranger {
		return &stranger{from: network(&net.TCPAddr{IP: net.ParseIP(ip), Port: 1})}
	}
	for _, c := range []struct {
		name  string
		ips   []string // in turn
		times int      // each
		held  int
	}{
		{"one address", []string{"192.0.2.1"}, 100, maxFromOne},
		{"one network of IPv6", []string{"2001:db8::1", "2001:db8::2"}, 100, maxFromOne},
		{"two networks of IPv6", []string{"2001:db8:0:1::1", "2001:db8:0:2::1"}, 100, 2 * maxFromOne},
		{"this machine", []string{"127.0.0.1"}, 100, maxFromHere},
		{"two addresses", []string{"192.0.2.1", "::ffff:192.0.2.2"}, 100, 2 * maxFromOne},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s strangers
			for range c.times {
				for _, ip := range c.ips {
					n := from(ip)
					if lost := s.enter(n); lost != nil && lost.from != n.from {
						t.Fatalf("%v took the place of %v", n.from, lost.from)
					}
				}
			}
			if len(s.all) != c.held {
				t.Fatalf("%d hold a place, want %d", len(s.all), c.held)
			}
		})
	}

	var s strangers
	var first *stranger
	for i := range maxStrangers {
		n := from(net.IPv4(198, 51, 100, byte(i)).String())
		if first == nil {
			first = n
		}
		if s.enter(n) != nil {
			t.Fatal("a place was lost while there were free ones")
		}
	}
	last := from("192.0.2.1")
	if s.enter(last) != first || len(s.all) != maxStrangers {
		t.Fatal("the oldest did not make room for the newest")
	}
	s.leave(first)
	s.leave(last)
	s.leave(last)
	if len(s.all) != maxStrangers-1 {
		t.Fatal(len(s.all))
	}
}

// TestIdleStrangers fills every place of this machine with connections that say nothing: a broadcaster gets in.
func TestIdleStrangers(t *testing.T) {
	h := open(t)
	idle := make([]net.Conn, 2*maxStrangers)
	for i := range idle {
		c, err := net.Dial("tcp", h.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		idle[i] = c
	}
	c, err := h.dial(t, "/live/secret")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	broadcast(t, c, 0, 5*time.Second, 0)
	h.until(t, 2)
	_ = idle[0].SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := idle[0].Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the oldest idle connection: %v", err)
	}
}

// TestStrangerReadsSlowly has a stranger ask for a thousand answers at once, and take a byte of them every four seconds.
func TestStrangerReadsSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		var reading sync.WaitGroup
		defer reading.Wait()
		defer here.Close()
		reading.Go(func() {
			for b := make([]byte, 1); ; time.Sleep(writeDeadline * 4 / 5) {
				if _, err := there.Read(b); err != nil {
					return
				}
			}
		})
		began := time.Now()
		b := &bounded{Conn: here, until: began.Add(introduction)}
		for range 1000 {
			if _, err := b.Write([]byte{0}); err != nil {
				break
			}
		}
		if took := time.Since(began); took > introduction+writeDeadline {
			t.Errorf("it is waited for for %v", took)
		}
	})
}
