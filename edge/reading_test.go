package edge

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/shoal-live/shoal/edge/http1"
)

// TestSlowReadersAreBounded: what viewers do not read counts though it has left the cache, and those who read slowest are cut off when that is too much,
// however they are served. Who asks for what is in the cache gets it.
func TestSlowReadersAreBounded(t *testing.T) {
	ahead := func(e *Edge) (net.Conn, func()) { return serveAhead(e, e) }
	for _, c := range []struct {
		name  string
		serve func(e *Edge) (net.Conn, func())
		there bool // when it is asked for
	}{{"by the server", serve, false}, {"by the front's handler", ahead, false}, {"from the cache", ahead, true}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const limit, viewers = 1 << 20, 64
				e := newEdge(t, Config{Transport: library(), MemoryBytes: limit})
				run(t, e)
				var all [viewers]net.Conn
				for i := range all {
					conn, end := c.serve(e)
					defer end()
					all[i] = conn
					if c.there {
						get(e, segment(i))
					}
					go fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", segment(i))
					time.Sleep(10 * time.Millisecond)
					synctest.Wait()
					if n := e.Cached(); n > limit || e.cache.lingering > limit/lingerShare {
						t.Fatalf("%d viewers: %d bytes in all, %d linger", i+1, n, e.cache.lingering)
					}
					if w := get(e, segment(i)); w.Code != http.StatusOK || w.Body.Len() != len(partBytes) {
						t.Fatalf("%d viewers: who reads has %d, %d bytes", i+1, w.Code, w.Body.Len())
					}
				}
				if n := testutil.ToFloat64(e.meters.lingering); n < 2*float64(len(partBytes)) || n != float64(e.cache.lingering) {
					t.Errorf("%v bytes are shown to linger", n)
				}
				if n := e.cache.bytes; n < limit/2-2*int64(len(partBytes)) {
					t.Errorf("the cache is left %d bytes", n)
				}
				whole := 0
				for i, conn := range all {
					resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
					if err != nil {
						continue
					}
					body, _ := io.ReadAll(resp.Body)
					if len(body) == len(partBytes) {
						if whole++; i < viewers/2 {
							t.Errorf("number %d has it all", i)
						}
					}
				}
				if whole < 6 || whole*len(partBytes) > limit {
					t.Errorf("%d of the slow have it all", whole)
				}
				if n := testutil.ToFloat64(e.tally.shed.WithLabelValues(shedReaders)); n != float64(viewers-whole) {
					t.Errorf("%v are cut off", n)
				}
				if synctest.Wait(); e.cache.lingering != 0 {
					t.Errorf("%d bytes linger when all is read", e.cache.lingering)
				}
			})
		})
	}
}

// TestLinger: what has left counts from then, or from its first reader, to its last.
func TestLinger(t *testing.T) {
	c := newCache(100_000)
	put := func(uri string) *object {
		o := newObject(target{kind: mediaPlaylist, path: uri}, uri)
		close(o.done)
		c.put(o, 10_000, time.Now())
		return o
	}
	o := put("/before")
	c.hold(o)
	c.hold(o)
	if c.lingering != 0 {
		t.Error("what is in the cache lingers")
	}
	bytes := o.bytes
	c.forget(o)
	for i, want := range []int64{bytes, bytes, 0, bytes, 0} {
		switch i {
		case 1, 2, 4:
			c.release(o)
		case 3: // looked up before it left
			c.hold(o)
		}
		if c.lingering != want {
			t.Errorf("step %d: %d bytes linger, want %d", i, c.lingering, want)
		}
	}
	for i := range 1000 {
		o := put(fmt.Sprint("/", i))
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() { c.hold(o); c.release(o) })
		}
		all.Go(func() { c.forget(o) })
		if all.Wait(); c.lingering != 0 || c.bytes != 0 {
			t.Fatalf("%d linger, %d bytes", c.lingering, c.bytes)
		}
	}
}

// BenchmarkHitAhead is what a front's hit costs at the edge, without the kernel: of media, also behind a proxy, of a held reload's answer, of one
// that a newer has overtaken, and of one that is old while what comes next is held.
func BenchmarkHitAhead(b *testing.B) {
	live := newBroadcast(12, 2)
	reload := playlistPath + "?_HLS_msn=13&_HLS_part="
	for _, c := range []struct {
		name, uri string
		handler   http.RoundTripper
	}{{"media", segment(0), library()}, {"proxied", segment(0), library()}, {"reload", reload + "1", newSource(live.ServeHTTP)}, {"late", reload + "0", newSource(live.ServeHTTP)},
		{"awaited", reload + "1", newSource(live.ServeHTTP)}} {
		b.Run(c.name, func(b *testing.B) {
			e := newEdge(b, Config{Transport: c.handler, TrustedProxies: proxies})
			o, _ := e.open(targetAt(b, c.uri))
			<-o.done
			for _, o := range e.cache.objects {
				o.expires = time.Now().Add(time.Hour)
			}
			switch c.name {
			case "late":
				o.position.parts--
			case "awaited":
				o.born = time.Now().Add(-time.Minute)
				e.cache.objects[playlistPath].expires = o.born
				e.cache.join(targetAt(b, reload+"2"), reload+"2", time.Now())
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				h := &http1.Head{Target: []byte(c.uri), Whole: true, Viewer: &http1.Viewer{Cut: func() {}}}
				from := netip.MustParseAddr("192.0.2.1")
				if c.name == "proxied" {
					from, h.ForwardedFor = netip.MustParseAddr("10.0.0.1"), []byte("198.51.100.1")
				}
				for pb.Next() {
					a, ok := e.Hit(from, h, time.Now())
					if !ok {
						b.Fatal("no hit")
					}
					a.Tally.Count(len(a.Body))
				}
			})
		})
	}
}

func targetAt(t testing.TB, uri string) target {
	path, query, _ := strings.Cut(uri, "?")
	at, err := parseLive(path)
	if err == nil && at.kind == mediaPlaylist {
		at.reload, err = parseReload(query)
	}
	if err != nil {
		t.Fatal(err)
	}
	return at
}
