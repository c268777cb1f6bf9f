package ops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

// hungDisk is a file system of which nothing is read until it is mended.
type hungDisk struct {
	fs.FS
	mended chan struct{}

	mu      sync.Mutex
	waiting int
	most    int // that waited at one time
}

func (d *hungDisk) Open(name string) (fs.File, error) {
	d.mu.Lock()
	d.waiting++
	d.most = max(d.most, d.waiting)
	d.mu.Unlock()
	<-d.mended
	d.mu.Lock()
	d.waiting--
	d.mu.Unlock()
	return d.FS.Open(name)
}

// TestHungDisk: where this process waits for a disk that never answers, its page answers all the same, and knows what it can; nothing piles up, and what
// the disk has is known as soon as it answers.
func TestHungDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &hungDisk{FS: fstest.MapFS{"streams": {Data: []byte(`{"streams":[{"name":"demo","state":"live"}]}`)}}, mended: make(chan struct{})}
		own := &admin{is: `["origin","tracker"]`, swarms: one("demo", 2), began: time.Now()}
		mux := http.NewServeMux()
		mux.Handle("/", own)
		mux.HandleFunc("/api/v1/streams", func(w http.ResponseWriter, _ *http.Request) {
			b, err := fs.ReadFile(disk, "streams")
			if err != nil {
				t.Error(err)
			}
			w.Write(b)
		})
		b := newBoard(t, Config{Own: mux, Files: fstest.MapFS{}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- b.Run(ctx) }()
		defer func() { cancel(); <-ended }()
		synctest.Wait()

		for path, most := range map[string]time.Duration{"/api/v1/ops/history": 0, "/api/v1/ops": patience, "/api/v1/ops/cells/demo": patience} {
			began := time.Now()
			get(t, b, path, nil)
			if took := time.Since(began); took > most {
				t.Errorf("%s takes %v, want %v at most", path, took, most)
			}
		}
		for range 100 { // operators who look, once a second
			time.Sleep(fresh)
			began := time.Now()
			var s state
			if get(t, b, "/api/v1/ops", &s); time.Since(began) > 0 || s.Services[0].State != ready || len(s.Swarms) != 1 || len(s.Streams) != 0 {
				t.Fatalf("after %v: %+v", time.Since(began), s)
			}
		}
		rw := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPatch, "http://localhost/api/v1/ops/control/demo", strings.NewReader(`{"p2p":false}`))
		r.Header.Set("Content-Type", "application/json")
		if b.ServeHTTP(rw, r); rw.Code != http.StatusOK || len(own.changes) != 1 {
			t.Errorf("the kill switch: %d %s", rw.Code, rw.Body)
		}
		if disk.most != 1 {
			t.Errorf("%d requests wait for the disk", disk.most)
		}

		close(disk.mended)
		time.Sleep(2 * fresh)
		var s state
		if get(t, b, "/api/v1/ops", &s); len(s.Streams) != 1 {
			t.Errorf("the disk answers again, and the streams are %s", fmt.Sprint(s.Streams))
		}
	})
}

// TestLateForOne: what nobody waits for any more keeps no other path from being asked.
func TestLateForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mended := make(chan struct{})
		s := &service{by: newInside(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				<-mended
			}
			w.Write([]byte("{}"))
		}))}
		ask := func(path string) string {
			_, err := s.ask(t.Context(), http.MethodGet, path, nil)
			return fmt.Sprint(err)
		}
		for _, c := range []struct{ path, want string }{{"/slow", "no answer within 2s"}, {"/slow", errLate.Error()}, {"/quick", "<nil>"}} {
			if got := ask(c.path); got != c.want {
				t.Errorf("%s: %s, want %s", c.path, got, c.want)
			}
		}
		close(mended)
		synctest.Wait()
		if got := ask("/slow"); got != "<nil>" {
			t.Errorf("afterwards: %s", got)
		}
	})
}

// TestGoneIsNotLate: who closes the page while an answer is under way makes nobody late: others are answered meanwhile. What hangs is late all the same once
// it would have been for who had stayed, so that pages which come and go pile nothing up.
func TestGoneIsNotLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mended := make(chan struct{})
		var waiting, most atomic.Int32
		s := &service{by: newInside(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			most.Store(max(most.Load(), waiting.Add(1)))
			defer waiting.Add(-1)
			if r.URL.Path == "/hung" {
				<-mended
			}
			time.Sleep(patience / 4)
			w.Write([]byte("{}"))
		}))}
		ask := func(path string, stays time.Duration) error {
			ctx, leave := context.WithCancel(t.Context())
			defer time.AfterFunc(stays, leave).Stop()
			defer leave()
			_, err := s.ask(ctx, http.MethodGet, path, nil)
			return err
		}
		if err := ask("/slow", patience/8); !errors.Is(err, context.Canceled) {
			t.Fatalf("who has gone is told %v", err)
		}
		if err := ask("/slow", time.Hour); err != nil {
			t.Errorf("after somebody has gone: %v", err)
		}
		for range 100 {
			ask("/hung", patience/4)
		}
		if err := ask("/hung", time.Hour); !errors.Is(err, errLate) {
			t.Errorf("what hangs: %v", err)
		}
		if n := most.Load(); n > 5 { // of one every half second, for two
			t.Errorf("%d requests wait for what hangs", n)
		}
		close(mended)
		time.Sleep(patience)
		if err := ask("/hung", time.Hour); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}
