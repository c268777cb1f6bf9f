package ops

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// errLate is what is said of a path whose last answer is still to come, though nobody waits for it any more.
var errLate = errors.New("what it was asked before is not answered yet")

// inside asks a handler of this process as if it were elsewhere, and waits no longer than it would there, as a handler may wait for a disk. What has not
// answered in time is not asked again until it has: so no more requests wait there than came at one time.
type inside struct {
	handler http.Handler // static

	mu   sync.Mutex
	late map[string]int // answers that nobody waits for any more, by path
}

func newInside(handler http.Handler) *inside {
	return &inside{handler: handler, late: map[string]int{}}
}

// RoundTrip implements http.RoundTripper.
func (i *inside) RoundTrip(r *http.Request) (*http.Response, error) {
	if i.add(r.URL.Path, 0) > 0 {
		return nil, errLate
	}
	type answer struct {
		of  *http.Response
		err error
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
		i.add(r.URL.Path, 1)
		go func() {
			<-answered
			i.add(r.URL.Path, -1)
		}()
		return nil, r.Context().Err()
	}
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
