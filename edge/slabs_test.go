//go:build linux

package edge

import (
	"bytes"
	"context"
	"net"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// growing waits for a slab that is being made.
func growing(c *cache) {
	c.mu.Lock()
	maker := &c.slabs.maker // what was begun before is seen
	c.mu.Unlock()
	maker.Wait()
}

// ending waits until the slabs that are gone have ended: the kernel lets go of the last page when the processor that sent it receives something, whatever it is.
func ending(t *testing.T, c *cache) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer unix.SchedSetaffinity(0, &all)
	from, to := pair(t)
	for began := time.Now(); time.Since(began) < 20*time.Second; {
		for cpu := range 8 * len(all) * 8 {
			if !all.IsSet(cpu) {
				continue
			}
			var one unix.CPUSet
			one.Set(cpu)
			if err := unix.SchedSetaffinity(0, &one); err != nil {
				t.Fatal(err)
			}
			b := []byte{0}
			if _, err := unix.Write(from, b); err != nil {
				t.Fatal(err)
			}
			if _, err := unix.Read(to, b); err != nil {
				t.Fatal(err)
			}
		}
		c.sweep(t.Context())
		if !slices.ContainsFunc(c.slabs.ending, func(s *slab) bool { return s.holds.Load() == 1 }) {
			return // but those that somebody is being sent from
		}
	}
}

// seated returns an object that has a seat, as if it had landed.
func seated(c *cache, uri string, size int64) *object {
	o := newObject(target{kind: media, path: uri}, uri)
	close(o.done)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.objects[uri] = o
	o.seat = c.seats.PushFront(o)
	c.count(o, size)
	return o
}

// TestSlabOnItsWay: a slab counts for as long as the kernel has some of it to send, though nobody holds it.
func TestSlabOnItsWay(t *testing.T) {
	c := newCache(slabShare * slabSize)
	t.Cleanup(c.closeSlabs)
	body := bytes.Repeat([]byte("0123456789abcdef"), 4<<10)
	o := seated(c, "/part", worthSheet)
	s := spread(t, c, o, body)
	file, at, ok := s.Hold()
	if !ok {
		t.Fatal("it is gone")
	}
	from, to := pair(t)
	if n, err := unix.Sendfile(from, file, &at, len(body)); n != len(body) || err != nil {
		t.Fatal(n, err)
	}
	s.Release()
	c.mu.Lock()
	c.retire(0)
	c.mu.Unlock()
	if c.sweep(t.Context()); c.slabs.bytes != slabSize {
		t.Errorf("%d bytes of slabs are counted while one is on its way", c.slabs.bytes)
	}
	if s.alive() {
		t.Error("it is sent from a slab that is gone")
	}
	got := make([]byte, len(body))
	for n := 0; n < len(got); {
		m, err := unix.Read(to, got[n:])
		if m <= 0 {
			t.Fatal(m, err)
		}
		n += m
	}
	if !bytes.Equal(got, body) {
		t.Error("something else has come")
	}
	ending(t, c)
	if c.slabs.bytes != 0 || len(c.slabs.ending) != 0 {
		t.Errorf("%d bytes are counted when all has come", c.slabs.bytes)
	}
}

// pair returns two ends of a TCP connection.
func pair(t *testing.T) (from, to int) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ends := make([]int, 0, 2)
	for i := range 2 {
		var conn net.Conn
		if i == 0 {
			conn, err = net.Dial("tcp", listener.Addr().String())
		} else {
			conn, err = listener.Accept()
		}
		if err != nil {
			t.Fatal(err)
		}
		file, err := conn.(*net.TCPConn).File() // which blocks
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		t.Cleanup(func() { file.Close() })
		ends = append(ends, int(file.Fd()))
	}
	return ends[0], ends[1]
}

// spread makes a sheet of a body, in a slab that is made for it if need be.
func spread(t *testing.T, c *cache, o *object, body []byte) *sheet {
	for range 3 {
		if s := c.spread(o, []byte("head"), body); s != nil {
			return s
		}
		growing(c)
		ending(t, c)
	}
	t.Fatalf("there is no sheet of %d bytes", len(body))
	return nil
}

// would be too many; what is larger than all slabs may be has none.
func TestSlabs(t *testing.T) {
	const size = 100_000
	c := newCache(4 * slabShare * slabSize)
	body := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, size) }
	var sheets []*sheet
	for i := range 200 { // some 20 go into one
		s := spread(t, c, seated(c, "/"+strconv.Itoa(i), size), body(i))
		sheets = append(sheets, s)
		growing(c)
		if most := c.limit / slabShare; c.slabs.bytes > 2*most || int64(len(c.slabs.live))*slabSize > most {
			t.Fatalf("%d bytes of slabs, %d are live", c.slabs.bytes, len(c.slabs.live))
		}
	}
	alive := 0
	for i, s := range sheets {
		file, at, ok := s.Hold()
		if !ok {
			continue
		}
		alive++
		got := make([]byte, 4+size)
		if n, err := unix.Pread(file, got, at-4); n != len(got) || err != nil || string(got[:4]) != "head" || !bytes.Equal(got[4:], body(i)) {
			t.Errorf("sheet %d: %d bytes, %v", i, n, err)
		}
		s.Release()
	}
	if alive < 40 || sheets[0].alive() || !sheets[199].alive() {
		t.Errorf("%d sheets are alive; the first one %v, the last one %v", alive, sheets[0].alive(), sheets[199].alive())
	}
	if large := seated(c, "/large", size); c.spread(large, nil, make([]byte, 4*slabSize+1)) != nil || c.slabs.making {
		t.Error("a slab that is larger than all may be")
	}
	most := c.limit / slabShare
	for i := range 9 { // of some that have most of a slab of their own all have sheets
		spread(t, c, seated(c, "/large"+strconv.Itoa(i), size), make([]byte, 2*slabSize-400_000))
	}
	if c.slabs.bytes > 2*most {
		t.Errorf("%d bytes of slabs", c.slabs.bytes)
	}
	gone := seated(c, "/gone", size)
	if c.forget(gone); c.spread(gone, nil, body(0)) != nil {
		t.Error("a sheet of what is gone")
	}
	if o := newObject(target{}, "/flight"); c.reserve(o, c.limit-c.slabs.bytes+1) || !c.reserve(o, c.limit-c.slabs.bytes) {
		t.Error("what is in flight has room where slabs are, or none beside them")
	} else {
		c.drop(o)
	}
	seated(c, "/huge", c.limit-slabSize)
	if c.bytes > c.limit && c.seats.Len() > 0 {
		t.Errorf("%d bytes of %d", c.bytes, c.limit)
	}
	if c.bound(slabSize); len(c.slabs.live) != 0 {
		t.Errorf("%d slabs where there is no room for one", len(c.slabs.live))
	}
	c.closeSlabs()
	for _, o := range c.objects {
		c.drop(o)
	}
	if c.bytes != 0 || c.slabs.bytes != 0 {
		t.Errorf("at the end %d bytes, of slabs %d", c.bytes, c.slabs.bytes)
	}
}

// TestOneSlab: where there may be one alone it is filled before another takes its place.
func TestOneSlab(t *testing.T) {
	const size = slabSize / 10
	c := newCache(slabShare * slabSize)
	t.Cleanup(c.closeSlabs)
	first := spread(t, c, seated(c, "/first", size), make([]byte, size))
	for i := range 8 {
		if c.spread(seated(c, "/"+strconv.Itoa(i), size), nil, make([]byte, size)) == nil {
			t.Fatalf("no sheet for number %d", i)
		}
		growing(c)
	}
	if !first.alive() {
		t.Error("the slab has gone while it had room")
	}
	c.spread(seated(c, "/last", size), nil, make([]byte, 2*size))
	if growing(c); first.alive() || len(c.slabs.live) != 1 {
		t.Errorf("%d slabs; the first sheet is alive: %v", len(c.slabs.live), first.alive())
	}
}

// TestLackingSlabs: where all that slabs may have is on its way to somebody what is live stays, and it is counted that there was no room.
func TestLackingSlabs(t *testing.T) {
	c := newCache(slabShare * slabSize)
	t.Cleanup(c.closeSlabs)
	lacked := 0
	c.lacked = func() { lacked++ }
	o := seated(c, "/part", 1)
	first := spread(t, c, o, make([]byte, slabSize-sheetAlign-4))
	first.Hold()
	second := spread(t, c, o, make([]byte, slabSize-sheetAlign-4)) // the first one ends meanwhile, but is held
	if first.alive() || !second.alive() || lacked != 0 {
		t.Errorf("the first is alive: %v, the second: %v, %d times there was no room", first.alive(), second.alive(), lacked)
	}
	if c.spread(o, nil, make([]byte, slabSize)) != nil || !second.alive() || lacked != 1 {
		t.Errorf("the second is alive: %v, %d times there was no room", second.alive(), lacked)
	}
	first.Release()
	spread(t, c, o, make([]byte, slabSize-sheetAlign-4))
}

// TestKeepSlabs: an edge that runs has a slab ready, ends those that are gone, and leaves none.
func TestKeepSlabs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(stage)})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { e.Run(ctx); close(ended) }()
		synctest.Wait()
		if e.Cached() != slabSize {
			t.Errorf("%d bytes at the beginning, want a slab's", e.Cached())
		}
		e.cache.mu.Lock()
		s := e.cache.slabs.live[0]
		e.cache.retire(0)
		e.cache.mu.Unlock()
		time.Sleep(2 * tidyInterval)
		if synctest.Wait(); e.Cached() != 0 || s.holds.Load() != 0 {
			t.Errorf("%d bytes when the slab is gone, %d hold it", e.Cached(), s.holds.Load())
		}
		e.cache.mu.Lock()
		e.cache.grow(slabSize)
		e.cache.mu.Unlock()
		cancel()
		if <-ended; e.Cached() != 0 || len(e.cache.slabs.live)+len(e.cache.slabs.ending) != 0 {
			t.Errorf("%d bytes at the end", e.Cached())
		}
	})
}

// TestLargePages: where the system has large pages for who asks, a slab is made of them: all of it is there before anything is written.
func TestLargePages(t *testing.T) {
	const size = 2 * slabSize
	s := newSlab(size)
	if s == nil || !largePages() {
		t.Skip("the system has none, or its owner has turned them off")
	}
	defer s.release()
	if has := allocated(t, s.file); has != size {
		t.Skipf("there are none left, or the kernel cannot: it has %d bytes of %d", has, size)
	}
}

// allocated returns how much memory a file has.
func allocated(t *testing.T, file int) int {
	var stat unix.Stat_t
	if err := unix.Fstat(file, &stat); err != nil {
		t.Fatal(err)
	}
	return int(stat.Blocks) * 512
}
