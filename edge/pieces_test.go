package edge

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// mostHashes is the longest header an origin sends.
var mostHashes = strings.Repeat("A", (wire.MaxServedHashes*32*8+5)/6)

// hashing is an origin whose media has a header of piece hashes.
func hashing(header string, status int) *source {
	return newSource(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(wire.PiecesHeader, header)
		w.WriteHeader(status)
		w.Write(partBytes)
	})
}

// TestPieces: the hashes that came with media are in every answer with that media, from the origin or from memory.
func TestPieces(t *testing.T) {
	tag := `"v0-1700000000-s12.3.m4s"`
	long := strings.Repeat("A", maxPieces+1)
	for _, c := range []struct {
		name, method  string
		uri           string
		origin        int
		header        string // of the origin
		asked, asking string // a header of the viewer
		status        int
		want          string
	}{
		{"whole", "GET", partPath, 200, mostHashes, "", "", 200, mostHashes},
		{"head", "HEAD", partPath, 200, mostHashes, "", "", 200, mostHashes},
		{"range", "GET", partPath, 200, mostHashes, "Range", "bytes=100-199", 206, mostHashes},
		{"range outside", "GET", partPath, 200, mostHashes, "Range", "bytes=99999999-", 416, ""},
		{"not modified", "GET", partPath, 200, mostHashes, "If-None-Match", tag, 304, ""},
		{"none sent", "GET", partPath, 200, "", "", "", 200, ""},
		{"as long as it may be", "GET", partPath, 200, long[1:], "", "", 200, long[1:]},
		{"longer", "GET", partPath, 200, long, "", "", 200, ""},
		{"no header's word", "GET", partPath, 200, "AA\x01", "", "", 200, ""},
		{"missing", "GET", partPath, 404, mostHashes, "", "", 404, ""},
		{"failed", "GET", partPath, 500, mostHashes, "", "", 500, ""},
		{"playlist", "GET", playlistPath, 200, mostHashes, "", "", 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := hashing(c.header, c.origin)
				e := newEdge(t, Config{Transport: src})
				for _, from := range []string{"the origin", "memory"} {
					w := ask(e, c.method, c.uri, c.asked, c.asking)
					e.flights.Wait()
					if got := w.Header().Get(wire.PiecesHeader); w.Code != c.status || got != c.want {
						t.Errorf("from %s: %d with %d bytes of hashes, want %d with %d", from, w.Code, len(got), c.status, len(c.want))
					}
				}
				if n := src.total(""); n != 1 {
					t.Errorf("%d fills", n)
				}
			})
		})
	}
}

// TestPiecesCount: hashes are part of what the cache holds.
func TestPiecesCount(t *testing.T) {
	e := newEdge(t, Config{Transport: hashing(mostHashes, 200)})
	get(e, partPath)
	e.flights.Wait()
	if least := int64(len(partBytes) + len(mostHashes)); e.cache.bytes < least {
		t.Errorf("%d bytes are counted of %d", e.cache.bytes, least)
	}
}

// TestHeadGoesOutAtOnce asks over a connection while the origin still sends: the head, hashes included, is there with
// the origin's first byte, also where the range asked for is yet to come.
func TestHeadGoesOutAtOnce(t *testing.T) {
	const first = 1000 // bytes, and the rest a second later
	for _, c := range []struct {
		name, asked string
		from, to    int
		early       int // bytes of it that are there at once
	}{
		{"whole", "", 0, len(partBytes), first},
		{"range", "bytes=500-1499", 500, 1500, 500},
		{"range yet to come", "bytes=50000-50099", 50000, 50100, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				viewer, end := serve(newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Length", fmt.Sprint(len(partBytes)))
					w.Header().Set(wire.PiecesHeader, mostHashes)
					w.Write(partBytes[:first])
					time.Sleep(time.Second)
					w.Write(partBytes[first:])
				})}))
				defer end()
				start := time.Now()
				fmt.Fprintf(viewer, "GET %s HTTP/1.1\r\nHost: x\r\nRange: %s\r\n\r\n", partPath, c.asked)
				resp, err := http.ReadResponse(bufio.NewReader(viewer), nil)
				if err != nil || resp.Header.Get(wire.PiecesHeader) != mostHashes {
					t.Fatalf("%v, %v", resp, err)
				}
				// With nginx's proxy_buffer_size of 4 KiB, its default, a larger head would be an error.
				var head bytes.Buffer
				if resp.Header.Write(&head); head.Len() > 4<<10-256 {
					t.Errorf("a head of %d bytes", head.Len())
				}
				early, err := io.ReadAll(io.LimitReader(resp.Body, int64(c.early)))
				if took := time.Since(start); err != nil || took != 0 {
					t.Errorf("the head and %d bytes after %v, %v", len(early), took, err)
				}
				late, err := io.ReadAll(resp.Body)
				if took := time.Since(start); err != nil || took != time.Second {
					t.Errorf("the rest after %v, %v", took, err)
				}
				if got := append(early, late...); !bytes.Equal(got, partBytes[c.from:c.to]) {
					t.Errorf("%d bytes", len(got))
				}
			})
		})
	}
}
