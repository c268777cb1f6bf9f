//go:build linux

package edge

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/shoal-live/shoal/edge/http1"

	"golang.org/x/sys/unix"
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
	o := e.cache.look(uri)
	if o == nil || o.answers[0].Load() == nil {
		return nil
	}
	return o.answers[0].Load().sheet
}

// TestSheet asks for a part until it is sent from a sheet, and goes on: all answers are the same, and the slab counts and ends with its edge.
func TestSheet(t *testing.T) {
	e := newEdge(t, Config{Transport: newSource(stage)})
	viewer, end := overTCP(t, e)
	reader := bufio.NewReader(viewer)
	for i := range 4 * sheetHits {
		io.WriteString(viewer, "GET "+partPath+" HTTP/1.1\r\nHost: a\r\n\r\n")
		r, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(body, partBytes) {
			t.Fatalf("answer %d: %d bytes, %v", i, len(body), err)
		}
		if i == sheetHits/2 && (sheetOf(e, partPath) != nil || e.cache.slabs.bytes != 0) {
			t.Error("a sheet for few")
		}
		e.flights.Wait()
		growing(e.cache)
	}
	end() // nobody is being sent anything
	s := sheetOf(e, partPath)
	if s == nil {
		t.Fatal("there is no sheet")
	}
	if e.Cached() < int64(len(partBytes))+slabSize {
		t.Errorf("%d bytes are counted", e.Cached())
	}
	e.cache.mu.Lock()
	e.cache.drop(e.cache.objects[partPath])
	e.cache.mu.Unlock()
	if bytes := e.Cached(); bytes != slabSize {
		t.Errorf("after the object's end %d bytes are counted, want the slab's", bytes)
	}
	e.cache.closeSlabs()
	if _, _, ok := s.Hold(); ok || e.Cached() != 0 || s.slab.holds.Load() != 0 {
		t.Errorf("at the end: %d bytes, %d hold the slab", e.Cached(), s.slab.holds.Load())
	}
}

// TestSheetOutlivesItsSlab: what a viewer is being sent is whole though its object and slab are gone meanwhile, and the slab counts until he has it.
func TestSheetOutlivesItsSlab(t *testing.T) {
	body := bytes.Repeat([]byte("shoal of fish, "), 1<<19) // 7.5 MB: more than sockets hold
	e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) { w.Write(body) })})
	get(e, partPath)
	e.flights.Wait()
	o := e.cache.look(partPath)
	for range 2 * sheetHits {
		e.readyOf(o, "", true, time.Now())
		growing(e.cache)
	}
	s := sheetOf(e, partPath)
	if s == nil {
		t.Fatal("there is no sheet")
	}
	if a := e.readyOf(o, "", true, time.Now().Add(2*time.Second)); a.sheet != s {
		t.Error("it is forgotten after a second")
	}
	viewer, end := overTCP(t, e)
	reader := bufio.NewReader(viewer)
	read := func() {
		r, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	const get = "GET " + partPath + " HTTP/1.1\r\nHost: a\r\n\r\n"
	io.WriteString(viewer, get)
	read()
	io.WriteString(viewer, get)
	if _, err := reader.Peek(1); err != nil { // the rest is the front's to send, or the kernel's
		t.Fatal(err)
	}
	e.cache.mu.Lock()
	e.cache.drop(o)
	e.cache.retire(0)
	e.cache.mu.Unlock()
	if e.cache.sweep(t.Context()); e.Cached() != s.slab.size && e.Cached() < s.slab.size+int64(len(body)) { // the front has it yet, or the kernel has it all
		t.Errorf("%d bytes are counted while %d of the slab are on their way", e.Cached(), s.slab.size)
	}
	read()
	end()
	ending(t, e.cache)
	if e.Cached() != 0 || s.slab.holds.Load() != 0 {
		t.Errorf("%d bytes are counted, %d hold the slab", e.Cached(), s.slab.holds.Load())
	}
}

// TestSlabs: bodies lie in slabs one after the other, each behind its head, none over another; slabs count and evict objects; the oldest go when there
// TestHeadAhead: what is asked for very often in one second goes with its head from one place; a second later, and for who gets a cookie, the head goes by itself; and
// where the slab is gone there is another one soon.
func TestHeadAhead(t *testing.T) {
	e := newEdge(t, Config{Transport: newSource(stage)})
	t.Cleanup(e.cache.closeSlabs)
	get(e, partPath)
	e.flights.Wait()
	o, now := e.cache.look(partPath), time.Now().Truncate(time.Second)
	ask := func(times int, now time.Time) (a *ready) {
		for range times {
			a = e.readyOf(o, "", true, now)
			growing(e.cache)
		}
		return a
	}
	whole := func(a *ready) bool {
		file, at, ok := a.sheet.Hold()
		if !ok {
			return false
		}
		defer a.sheet.Release()
		got := make([]byte, len(a.head)+len(a.body))
		n, err := unix.Pread(file, got, at-int64(len(a.head)))
		return err == nil && n == len(got) && bytes.Equal(got, slices.Concat(a.head, a.body))
	}
	first := ask(2*sheetHits, now)
	if !first.sheet.alive() || !first.answer().Ahead || !whole(first) {
		t.Error("the head is not before the body")
	}
	next := ask(aheadHits-1, now.Add(time.Second))
	if next.sheet != first.sheet || next.answer().Ahead || bytes.Equal(next.head, first.head) {
		t.Error("the next second's head is not its own, or another sheet was made for few")
	}
	next = ask(1, now.Add(time.Second))
	if next.sheet == first.sheet || !next.answer().Ahead || !whole(next) {
		t.Error("of what is asked for often no sheet has the head")
	}
	if a := e.addressed(next.answer(), o, http.StatusOK, receiver{cookie: &http.Cookie{Name: "a", Value: "b"}}, nil); a.Ahead {
		t.Error("who gets a cookie is sent the head without it")
	}
	e.cache.mu.Lock()
	e.cache.retire(0)
	e.cache.mu.Unlock()
	again := ask(2*sheetHits, now.Add(time.Second)) // the slab has to be made first
	if again.sheet == next.sheet || !again.sheet.alive() {
		t.Error("what is asked for again has no other sheet")
	}
}
