package ops

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// errLate is what is said of a path whose last answer is still to come, though its time is over.
var errLate = errors.New("what it was asked before is not answered yet")

// inside asks a handler of this process as if it were elsewhere, and waits no longer than it would there, as a handler may wait for a disk. What has not
// answered in time is not asked again until it has: so no more requests wait there than came within that time.
type inside struct {
	handler http.Handler // static

	mu   sync.Mutex
	late map[string]int // answers whose time is over, by path
}

func newInside(handler http.Handler) *inside {
	return &inside{handler: handler, late: map[string]int{}}
}

// RoundTrip implements http.RoundTripper.
func (i *inside) RoundTrip(r *http.Request) (*http.Response, error) {
	if i.add(r.URL.Path, 0) > 0 {
		return nil, errLate
	}
	answered := make(chan answer, 1)
	go func() {
		of, err := i.serve(r)
		answered <- answer{of, err}
	}()
	select {
	case a := <-answered:
		return a.of, a.err
	case <-r.Context().Done():
		i.leave(r, answered)
		return nil, r.Context().Err()
	}
}

// answer is what a handler answered, or what is wrong.
type answer struct {
	of  *http.Response
	err error
}

// leave is called when nobody waits for an answer any more. It counts as late from when its time is over until it is there, and not before: who asked may
// have gone for reasons of their own, as with a page that is closed.
func (i *inside) leave(r *http.Request, answered <-chan answer) {
	path := r.URL.Path
	due, _ := r.Context().Deadline() // none: its time is over
	rest := time.Until(due)
	if rest <= 0 {
		i.add(path, 1)
	}
	go func() {
		if rest > 0 {
			select {
			case <-answered:
				return
			case <-time.After(rest):
				i.add(path, 1)
			}
		}
		<-answered
		i.add(path, -1)
	}()
}

// add counts late answers of a path, and returns how many there are.
func (i *inside) add(path string, n int) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.late[path] += n; i.late[path] == 0 {
		delete(i.late, path)
	}
	return i.late[path]
}

// serve has the handler answer. One that panics answers nobody, as under a server.
func (i *inside) serve(r *http.Request) (answer *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := &written{header: http.Header{}, status: http.StatusOK}
	i.handler.ServeHTTP(w, r)
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.body), Request: r}, nil
}

// written is an answer in memory.
type written struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *written) Header() http.Header         { return w.header }
func (w *written) WriteHeader(status int)      { w.status = status }
func (w *written) Write(b []byte) (int, error) { return w.body.Write(b) }
