package edge

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// fileless is a transport that has no file left for a while.
type fileless struct {
	http.RoundTripper
	err error
	out atomic.Bool
}

func (f *fileless) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.out.Load() {
		return nil, f.err
	}
	return f.RoundTripper.RoundTrip(r)
}

// TestNoFileLeft: that this edge has no file left says nothing of the origin, which stays in. Who asks for what is not here is told to come again.
func TestNoFileLeft(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for name, err := range map[string]error{
		"of the process": dial(os.NewSyscallError("socket", syscall.EMFILE)),
		"of the machine": dial(os.NewSyscallError("socket", syscall.ENFILE)),
		"for a name":     dial(&net.DNSError{Err: "dial udp 127.0.0.1:53: socket: too many open files", Name: "origin"}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var said bytes.Buffer
				transport := &fileless{RoundTripper: newSource(stage), err: err}
				e := newEdge(t, Config{Transport: transport, Log: slog.New(slog.NewTextHandler(&said, nil))})
				run(t, e)
				time.Sleep(time.Second)
				transport.out.Store(true)
				for range 4 {
					if w := get(e, partPath); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || w.Header().Get("Cache-Control") != "no-store" {
						t.Fatalf("%d %v", w.Code, w.Header())
					}
				}
				if w := ask(e, http.MethodPost, "/whip/demo"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
					t.Errorf("a broadcaster is told %d %v", w.Code, w.Header())
				}
				time.Sleep(2 * idleInterval) // it is probed
				if n := e.origins.out(); n != 0 || e.Ready() != nil {
					t.Errorf("%d are out; %v", n, e.Ready())
				}
				if n := testutil.ToFloat64(e.tally.shed.WithLabelValues(shedFiles)); n != 5 {
					t.Errorf("%v are counted", n)
				}
				transport.out.Store(false)
				if w := get(e, partPath); w.Code != http.StatusOK {
					t.Errorf("when there are files again: %d", w.Code)
				}
				synctest.Wait()
				if n := strings.Count(said.String(), "ulimit -n"); n != 1 || strings.Contains(said.String(), "does not answer") || strings.Contains(said.String(), "no origin answers") {
					t.Errorf("it is said %d times what to do: %s", n, said.String())
				}
			})
		})
	}
	if lacksFiles(dial(syscall.ECONNREFUSED)) || lacksFiles(dial(&net.DNSError{Err: "no such host"})) || lacksFiles(errors.New("too many open files")) {
		t.Error("another failure is taken for want of files")
	}
}
