package edge

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"
)

// TestSlowStreamsAreCut: by HTTP/2 it is the stream that ends, and the others of its connection go on.
func TestSlowStreamsAreCut(t *testing.T) {
	const limit, size, viewers = 32 << 20, 8 << 20, 10 // a stream's window is 4 MB
	body := make([]byte, size)
	e := newEdge(t, Config{MemoryBytes: limit, Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(size))
		w.Write(body)
	})})
	run(t, e)
	server := httptest.NewUnstartedServer(e)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	client := server.Client()
	defer client.CloseIdleConnections()
	var bodies []io.ReadCloser
	for i := range viewers {
		resp, err := client.Get(server.URL + segment(i))
		if err != nil || resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK {
			t.Fatal(err, resp)
		}
		defer resp.Body.Close()
		bodies = append(bodies, resp.Body)
		for began := time.Now(); e.Cached() > limit; time.Sleep(time.Millisecond) { // an answer takes a moment to be cut off
			if time.Since(began) > 10*time.Second {
				t.Fatalf("%d bytes with %d viewers", e.Cached(), i+1)
			}
		}
		e.flights.Wait()
	}
	cut := 0
	for i, from := range bodies {
		n, err := io.Copy(io.Discard, from)
		if (n == size) != (err == nil) {
			t.Errorf("number %d has %d bytes: %v", i, n, err)
		}
		if err != nil {
			cut++
		}
	}
	if cut < 3 || cut > viewers-2 {
		t.Errorf("%d of %d are cut off", cut, viewers)
	}
}
