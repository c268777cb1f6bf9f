//go:build linux

package edge

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/shoal-live/shoal/edge/http1"
)

// overTCP serves e by a front on a real connection.
func overTCP(t *testing.T, e *Edge) (viewer net.Conn, end func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := http1.New(listener, http1.Config{Handler: e, Cache: e})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { front.Run(ctx); close(ended) }()
	viewer, err = net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	end = sync.OnceFunc(func() { viewer.Close(); cancel(); <-ended; front.Close() })
	t.Cleanup(end)
	return viewer, end
}

// sheetOf returns the sheet of what is at a URI.
func sheetOf(e *Edge, uri string) *sheet {
	e.cache.mu.Lock()
	defer e.cache.mu.Unlock()
	if o := e.cache.objects[uri]; o != nil {
		return o.sheet
	}
	return nil
}

// TestSheet asks for a part until it is sent from a sheet, and goes on: all answers are the same, and the sheet counts and ends with its object.
func TestSheet(t *testing.T) {
	e := newEdge(t, Config{Transport: newSource(stage)})
	viewer, end := overTCP(t, e)
	reader := bufio.NewReader(viewer)
	for i := range 3 * sheetHits {
		io.WriteString(viewer, "GET "+partPath+" HTTP/1.1\r\nHost: a\r\n\r\n")
		r, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(body, partBytes) {
			t.Fatalf("answer %d: %d bytes, %v", i, len(body), err)
		}
		if i == sheetHits/2 && sheetOf(e, partPath) != nil {
			t.Error("a sheet for few")
		}
		e.flights.Wait()
	}
	end() // nobody is being sent anything
	s := sheetOf(e, partPath)
	if s == nil {
		t.Fatal("there is no sheet")
	}
	if e.cache.bytes < 2*int64(len(partBytes)) || e.cache.sheets != 1 {
		t.Errorf("%d bytes are counted for %d sheets", e.cache.bytes, e.cache.sheets)
	}
	e.cache.mu.Lock()
	e.cache.drop(e.cache.objects[partPath])
	e.cache.mu.Unlock()
	if _, ok := s.Hold(); ok || e.cache.bytes != 0 || e.cache.sheets != 0 {
		t.Errorf("after the object's end: %d bytes, %d sheets, held %v", e.cache.bytes, e.cache.sheets, ok)
	}
}

// TestSheetOutlivesItsObject: what a viewer is being sent is whole though the object is evicted meanwhile, and its memory used for another.
func TestSheetOutlivesItsObject(t *testing.T) {
	body := bytes.Repeat([]byte("shoal of fish, "), 1<<19) // 7.5 MB: more than sockets hold
	e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) { w.Write(body) })})
	get(e, partPath)
	e.flights.Wait()
	o := e.cache.look(partPath)
	for range sheetHits {
		e.readyOf(o, "", true, time.Now())
	}
	s := sheetOf(e, partPath)
	if s == nil {
		t.Fatal("there is no sheet")
	}
	if a := e.readyOf(o, "", true, time.Now().Add(2*time.Second)); a.sheet != s {
		t.Error("it is forgotten after a second")
	}
	viewer, _ := overTCP(t, e)
	io.WriteString(viewer, "GET "+partPath+" HTTP/1.1\r\nHost: a\r\n\r\n")
	r, err := http.ReadResponse(bufio.NewReader(viewer), nil)
	if err != nil {
		t.Fatal(err)
	}
	e.cache.mu.Lock()
	e.cache.drop(o)
	e.cache.mu.Unlock()
	if s.refs.Load() != 1 {
		t.Errorf("%d hold the sheet, want the viewer alone", s.refs.Load())
	}
	newSheet(bytes.Repeat([]byte("x"), len(body))).Release()
	if got, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestSheetBounds: sheets count, evict what was not asked for longest, and are not made of what would not have room twice.
func TestSheetBounds(t *testing.T) {
	body := make([]byte, worthSheet)
	c := newCache(5 * worthSheet)
	seat := func(uri string, size int64) *object {
		o := newObject(target{kind: media, path: uri}, uri)
		close(o.done)
		c.objects[uri] = o
		c.mu.Lock()
		o.seat = c.seats.PushFront(o)
		c.count(o, size)
		c.mu.Unlock()
		return o
	}
	old, mid, hot := seat("/old", worthSheet), seat("/mid", worthSheet), seat("/hot", worthSheet)
	for _, o := range []*object{hot, mid} {
		if c.spread(o, body) == nil {
			t.Fatal("no sheet")
		}
	}
	if c.spread(hot, body) != nil {
		t.Error("two sheets of one object")
	}
	if c.bytes != 5*worthSheet || old.seat == nil {
		t.Errorf("%d bytes", c.bytes)
	}
	if c.spread(old, body); c.bytes > c.limit {
		t.Errorf("%d bytes of %d", c.bytes, c.limit)
	}
	large := seat("/large", 4*worthSheet+1)
	if c.spread(large, body) != nil {
		t.Error("a sheet of what has no room twice")
	}
	for _, o := range c.objects {
		c.drop(o)
	}
	if c.bytes != 0 || c.sheets != 0 {
		t.Errorf("at the end %d bytes, %d sheets", c.bytes, c.sheets)
	}
}
