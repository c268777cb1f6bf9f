package edge

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestAwaitedAhead: of viewers whom the front has wait for a part that is on its way one has it fetched; what comes in a burst all have at its end, and what
// comes slowly from its first bytes on.
func TestAwaitedAhead(t *testing.T) {
	quarter := len(partBytes) / 4
	for name, c := range map[string]struct {
		pauses      [4]time.Duration // before each quarter
		broken      bool             // after the first, whoever asks
		first, last time.Duration
	}{
		"a burst":           {pauses: [4]time.Duration{100 * time.Millisecond}, first: 100 * time.Millisecond, last: 100 * time.Millisecond},
		"nearly a burst":    {pauses: [4]time.Duration{0, burst / 4, burst / 4, burst / 4}, first: burst * 3 / 4, last: burst * 3 / 4},
		"drops":             {pauses: [4]time.Duration{0, 100 * time.Millisecond, 100 * time.Millisecond, 100 * time.Millisecond}, first: burst, last: 300 * time.Millisecond},
		"broken at once":    {broken: true},
		"broken in between": {pauses: [4]time.Duration{0, 100 * time.Millisecond}, broken: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := newSource(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Length", fmt.Sprint(len(partBytes)))
					for i, pause := range c.pauses {
						time.Sleep(pause)
						if c.broken && i > 0 {
							panic(io.ErrUnexpectedEOF)
						}
						w.Write(partBytes[i*quarter : (i+1)*quarter])
					}
				})
				e := newEdge(t, Config{Transport: src, RequestsPerAddress: 10})
				cache := &counting{Edge: e}
				var all sync.WaitGroup
				began := time.Now()
				for i := range 10 {
					viewer, end := serveAhead(e, cache)
					io.WriteString(viewer, "GET "+partPath+" HTTP/1.1\r\nHost: a\r\n\r\n")
					synctest.Wait() // the first has it fetched
					all.Go(func() {
						defer end()
						first := time.Duration(-1)
						reader := bufio.NewReader(noting{viewer, func() {
							if first < 0 {
								first = time.Since(began)
							}
						}})
						r, err := http.ReadResponse(reader, nil)
						if err != nil {
							if !c.broken {
								t.Error(err)
							}
							return
						}
						body, err := io.ReadAll(r.Body)
						if c.broken {
							if err == nil && r.StatusCode != http.StatusBadGateway {
								t.Errorf("viewer %d: half an answer was passed on as whole: %d, %d bytes", i, r.StatusCode, len(body))
							}
							return
						}
						if err != nil || !bytes.Equal(body, partBytes) {
							t.Errorf("viewer %d: %d, %d bytes, %v", i, r.StatusCode, len(body), err)
						}
						if last := time.Since(began); i > 0 && first != c.first || last != c.last {
							t.Errorf("viewer %d: first byte after %v, last after %v; want %v, %v", i, first, last, c.first, c.last)
						}
					})
				}
				all.Wait()
				if n := src.total(""); n != 1 && !c.broken {
					t.Errorf("%d fills, want 1", n)
				}
				if n := cache.hits.Load(); n != 9 && !c.broken {
					t.Errorf("%d waited in the front, want 9", n)
				}
			})
		})
	}
}

// noting tells of each read that brings something.
type noting struct {
	io.Reader
	note func()
}

func (r noting) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if n > 0 {
		r.note()
	}
	return n, err
}
