package edge

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// askFrom asks for the part from an address, with lines of X-Forwarded-For.
func askFrom(e http.Handler, from string, forwarded ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, partPath, nil)
	r.RemoteAddr = from
	for _, line := range forwarded {
		r.Header.Add("X-Forwarded-For", line)
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

// TestRates asks faster than may be, from one address and beside it from others.
//
// Clause: edge-shed
func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(stage), RequestsPerAddress: 10})
		count := func(from string, n int) (in int) {
			for range n {
				w := askFrom(e, from)
				switch wait, _ := strconv.Atoi(w.Header().Get("Retry-After")); {
				case w.Code == http.StatusOK:
					in++
				case w.Code != http.StatusTooManyRequests || wait < 1 || wait > 2 || w.Header().Get("Cache-Control") != "no-store" ||
					w.Header().Get("Access-Control-Allow-Origin") != "*":
					t.Errorf("%d, %v", w.Code, w.Header())
				}
			}
			return in
		}
		if n := count("192.0.2.1:1", 100); n != 20 {
			t.Errorf("%d at once, want 20", n)
		}
		if n := count("192.0.2.2:1", 10) + count("[2001:db8::1]:1", 10); n != 20 {
			t.Errorf("others: %d of 20", n)
		}
		if n := count("[2001:db8::2]:1", 20); n != 10 {
			t.Errorf("of one /64 %d more, want 10", n)
		}
		if n := count("127.0.0.1:1", 100) + count("[::1]:1", 100); n != 200 {
			t.Errorf("from this machine %d of 200", n)
		}
		time.Sleep(time.Second)
		if n := count("192.0.2.1:1", 100); n != 10 {
			t.Errorf("%d after a second, want 10", n)
		}
		time.Sleep(time.Hour)
		if n := count("192.0.2.1:1", 100); n != 20 {
			t.Errorf("%d after an hour, want 20", n)
		}
	})
}

// TestRatesAreBounded: more addresses than there is room for cost no more memory, and who asked before is remembered.
func TestRatesAreBounded(t *testing.T) {
	r := newRates(1, time.Unix(0, 0))
	for i := range 4 * len(r.shards) * maxPayers {
		r.take(time.Unix(0, 0), netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	n := 0
	for i := range r.shards {
		n += len(r.shards[i].paid)
	}
	if most := len(r.shards) * (maxPayers + 1); n > most {
		t.Errorf("%d addresses are kept, at most %d", n, most)
	}
	first := netip.AddrFrom4([4]byte{10, 0, 0, 0})
	if r.take(time.Unix(0, 0), first) != 0 || r.take(time.Unix(0, 0), first) == 0 {
		t.Error("the first address is forgotten")
	}
	for i := range 1000 { // an hour later there is room
		r.take(time.Unix(3600, 0), netip.AddrFrom4([4]byte{11, 0, byte(i >> 8), byte(i)}))
	}
	for i := range r.shards {
		if n := len(r.shards[i].paid); n > 1000 {
			t.Errorf("a shard keeps %d", n)
		}
	}
}

// TestAddress: who a viewer is where a proxy brings it, and where somebody says that he is one.
func TestAddress(t *testing.T) {
	e := newEdge(t, Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}})
	for _, c := range []struct {
		from  string
		lines []string
		want  string
	}{
		{"192.0.2.1:5", nil, "192.0.2.1"},
		{"192.0.2.1:5", []string{"198.51.100.1"}, "192.0.2.1"}, // anybody may write that
		{"10.0.0.1:5", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:5", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"}, // what stands before it the viewer wrote
		{"10.0.0.1:5", []string{"203.0.113.9", "198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:5", []string{"198.51.100.1, 10.0.0.7", "2001:db8:1::7"}, "198.51.100.1"}, // three proxies
		{"[2001:db8:1::9]:5", []string{"2001:db8:2::1"}, "2001:db8:2::1"},
		{"10.0.0.1:5", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:5", nil, "10.0.0.1"},
		{"10.0.0.1:5", []string{"unknown"}, "10.0.0.1"},
		{"10.0.0.1:5", []string{",,"}, "10.0.0.1"},
		{"10.0.0.1:5", []string{"198.51.100.1:80"}, "198.51.100.1"},
		{"10.0.0.1:5", []string{"[2001:db8:2::1]:80, 10.0.0.7:443"}, "2001:db8:2::1"},
		{"10.0.0.1:5", []string{"198.51.100.1:http"}, "10.0.0.1"},
		{"pipe", nil, "invalid IP"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.from
		r.Header["X-Forwarded-For"] = c.lines
		if got := e.addressOf(r).String(); got != c.want {
			t.Errorf("%s, %q: %s, want %s", c.from, c.lines, got, c.want)
		}
	}
}

// TestTrustedProxies: behind a proxy each viewer has a bound of its own, and the proxy has none.
func TestTrustedProxies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(stage), RequestsPerAddress: 1, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
		for i := range 100 {
			if w := askFrom(e, "10.0.0.1:1", fmt.Sprintf("192.0.2.%d", i)); w.Code != http.StatusOK {
				t.Fatalf("viewer %d: %d", i, w.Code)
			}
			if w := askFrom(e, "10.0.0.1:1"); w.Code != http.StatusOK {
				t.Fatalf("the proxy itself: %d", w.Code)
			}
		}
		askFrom(e, "10.0.0.1:1", "192.0.2.7")
		if w := askFrom(e, "10.0.0.1:1", "1.2.3.4, 192.0.2.7"); w.Code != http.StatusTooManyRequests {
			t.Errorf("one viewer asks on: %d", w.Code)
		}
	})
}

func FuzzAddress(f *testing.F) {
	f.Add("192.0.2.1, 10.0.0.1", "::1")
	f.Add(",", ", ,10.0.0.1")
	f.Add("0", "::%\n0")
	e := newEdge(f, Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	f.Fuzz(func(t *testing.T, one, two string) {
		r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"X-Forwarded-For": {one, two}}}
		from := e.addressOf(r)
		if !from.IsValid() {
			t.Fatalf("%q, %q: no address", one, two)
		}
		r.Header["X-Forwarded-For"] = []string{one, two + ", 198.51.100.1"}
		if got := e.addressOf(r).String(); got != "198.51.100.1" {
			t.Fatalf("%q, %q: what the viewer wrote counts: %s", one, two, got)
		}
		if bytes.Contains([]byte(from.String()), []byte("\n")) {
			t.Fatal("a line in an address")
		}
	})
}

func BenchmarkRates(b *testing.B) {
	r := newRates(1e9, time.Now())
	from := netip.MustParseAddr("192.0.2.1")
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r.take(time.Now(), from)
		}
	})
}

// TestPlainly: what is at hand is answered past ServeHTTP only where that would have nothing to add.
func TestPlainly(t *testing.T) {
	stranger, now := netip.MustParseAddr("192.0.2.1"), time.Now()
	if e := newEdge(t, Config{}); !e.plainly(stranger, now) {
		t.Error("without bounds it is not")
	} else if e.Drain(); e.plainly(stranger, now) {
		t.Error("it is while the edge ends")
	}
	e, in := newEdge(t, Config{RequestsPerAddress: 1}), 0
	for range 10 {
		if e.plainly(stranger, now) {
			in++
		}
	}
	if in > 3 {
		t.Errorf("%d of one address, where two may be at once", in)
	}
	e = newEdge(t, Config{RequestsPerAddress: 1, TrustedProxies: []netip.Prefix{netip.PrefixFrom(stranger, 32)}})
	for range 10 {
		if !e.plainly(stranger, now) {
			t.Fatal("a proxy has the bound of one address")
		}
	}
}

// TestRatesAhead: a request counts once, whoever answers it, and whether it is at hand, or held, or an error.
func TestRatesAhead(t *testing.T) {
	for what, uri := range map[string]string{
		"too many are held": playlistPath + "?_HLS_msn=13&_HLS_part=2",
		"at hand":           partPath, "an error": "/live/demo/v0/1700000000/s99.m4s", "held": playlistPath + "?_HLS_msn=13&_HLS_part=2", "a page": "/watch/demo",
	} {
		for _, ahead := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				most := 0
				if what == "too many are held" {
					most = 1
				}
				e := newEdge(t, Config{RequestsPerAddress: 4, MaxHeld: most, Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.RawQuery == "" {
						stage(w, r)
						return
					}
					time.Sleep(time.Second / 100)
					w.Header().Set("Cache-Control", "no-store") // so that each is held
					io.WriteString(w, playlist(12, 3))
				})})
				get(e, playlistPath) // of another address
				get(e, uri)
				begin := serve
				if ahead {
					begin = func(e *Edge) (net.Conn, func()) { return serveAhead(e, e) }
				}
				viewer, end := begin(e)
				defer end()
				reader := bufio.NewReader(viewer)
				in := 0
				var others sync.WaitGroup
				defer others.Wait()
				for range 12 {
					if strings.HasSuffix(what, "held") { // with another, who has begun it
						others.Go(func() { get(e, uri) })
						synctest.Wait()
					}
					io.WriteString(viewer, "GET "+uri+" HTTP/1.1\r\nHost: a\r\n\r\n")
					r, err := http.ReadResponse(reader, nil)
					if err != nil {
						t.Fatal(err)
					}
					if io.Copy(io.Discard, r.Body); r.StatusCode != http.StatusTooManyRequests {
						in++
					}
				}
				if in != 8 {
					t.Errorf("%s, ahead %v: %d of one address, where eight may be at once", what, ahead, in)
				}
			})
		}
	}
}

// TestRatesAtTheEnd: who is held by the front when the edge is told to end is told that by ServeHTTP, and not that it asks too often.
func TestRatesAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(newBroadcast(12, 2).ServeHTTP), RequestsPerAddress: 0.5}) // one at once
		get(e, playlistPath)
		time.Sleep(2 * time.Second)
		uri := playlistPath + "?_HLS_msn=13&_HLS_part=2"
		leave := hold(e, uri, 1)
		viewer, end := serveAhead(e, e)
		defer end()
		io.WriteString(viewer, "GET "+uri+" HTTP/1.1\r\nHost: a\r\n\r\n")
		synctest.Wait()
		if n := e.held.Load(); n != 2 {
			t.Errorf("%d are held", n)
		}
		e.Drain()
		if r, err := http.ReadResponse(bufio.NewReader(viewer), nil); err != nil || r.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%v %v", r, err)
		}
		leave()
	})
}

// TestGivenBack: what is given back is what was taken, and who has taken nothing gets nothing, nor is remembered.
func TestGivenBack(t *testing.T) {
	now := time.Now()
	r := newRates(1, now) // two at once
	one := netip.MustParseAddr("192.0.2.1")
	two := one.Next()
	for r.shardOf(two) != r.shardOf(one) {
		two = two.Next()
	}
	r.giveBack(one)
	if s := r.shardOf(one); len(s.paid) != 0 {
		t.Errorf("who has taken nothing is remembered: %v", s.paid)
	}
	for i, want := range []time.Duration{0, 0, time.Second} {
		if wait := r.take(now, one); wait != want {
			t.Errorf("request %d waits for %v, want %v", i, wait, want)
		}
	}
	r.giveBack(one)
	r.giveBack(two)
	if s := r.shardOf(two); len(s.paid) != 1 {
		t.Errorf("who has taken nothing is remembered: %v", s.paid)
	}
	for i, want := range []time.Duration{0, time.Second} {
		if wait := r.take(now, one); wait != want {
			t.Errorf("request %d after one was given back waits for %v, want %v", i, wait, want)
		}
	}
	later := now.Add(time.Minute) // all is paid off
	for range 10 {
		r.giveBack(one)
	}
	for i, want := range []time.Duration{0, 0, time.Second} {
		if wait := r.take(later, one); wait != want {
			t.Errorf("request %d a minute later waits for %v, want %v: nobody saves up", i, wait, want)
		}
	}
	r = newRates(0, now)
	r.giveBack(one)
}
