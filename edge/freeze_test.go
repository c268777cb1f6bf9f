package edge

import (
	"context"
	"net/http"
	"sync"
)

// freeze is a way to upstreams of which some are frozen, as by SIGSTOP: they take requests, and neither answer nor go on with answers
// until they are thawed. Others are gone: nobody listens there.
type freeze struct {
	*source

	mu     sync.Mutex
	frozen map[string]chan struct{} // by host; closed when it thaws
	gone   map[string]bool
	faults int // requests and bytes that met one
}

func newFreeze(handler http.HandlerFunc) *freeze {
	f := &freeze{frozen: map[string]chan struct{}{}, gone: map[string]bool{}}
	f.source = newSource(func(w http.ResponseWriter, r *http.Request) {
		handler(&frozenWriter{w, f, r}, r)
	})
	return f
}

func (f *freeze) set(host string, frozen bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if frozen {
		f.frozen[host] = make(chan struct{})
		return
	}
	close(f.frozen[host])
	delete(f.frozen, host)
}

func (f *freeze) lose(host string, gone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone[host] = gone
}

// met returns how many requests and bytes have met a fault.
func (f *freeze) met() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.faults
}

// pass waits until host is not frozen.
func (f *freeze) pass(ctx context.Context, host string) error {
	f.mu.Lock()
	thaw, gone := f.frozen[host], f.gone[host]
	if thaw != nil || gone {
		f.faults++
	}
	f.mu.Unlock()
	if gone {
		return refused
	}
	if thaw == nil {
		return nil
	}
	select {
	case <-thaw:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *freeze) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := f.pass(r.Context(), r.URL.Host); err != nil {
		return nil, err
	}
	resp, err := f.source.RoundTrip(r)
	if err == nil && f.pass(r.Context(), r.URL.Host) != nil {
		resp.Body.Close()
		return nil, context.Cause(r.Context())
	}
	return resp, err
}

type frozenWriter struct {
	http.ResponseWriter
	f *freeze
	r *http.Request
}

func (w *frozenWriter) Write(b []byte) (int, error) {
	if err := w.f.pass(w.r.Context(), w.r.URL.Host); err != nil {
		panic(err) // or the body would seem to be whole
	}
	return w.ResponseWriter.Write(b)
}

// healthy adds what every upstream has.
func healthy(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			w.Write([]byte("ok\n"))
			return
		}
		handler(w, r)
	}
}
