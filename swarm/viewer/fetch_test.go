package viewer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// slowEdge answers with a chunk, a pause before every stretch of bytes.
type slowEdge struct {
	header   string // of the piece hashes; empty: none
	body     []byte
	stretch  int
	tampered int // the byte that is not the chunk's; -1: none
}

func (e *slowEdge) RoundTrip(r *http.Request) (*http.Response, error) {
	b, status := bytes.Clone(e.body), http.StatusOK
	if e.tampered >= 0 {
		b[e.tampered] ^= 1
	}
	if span := r.Header.Get("Range"); span != "" {
		var from, to int
		fmt.Sscanf(span, "bytes=%d-%d", &from, &to)
		b, status = b[from:to+1], http.StatusPartialContent
	}
	read, write := io.Pipe()
	go func() {
		for len(b) > 0 {
			if !sleep(r.Context(), time.Second) {
				write.CloseWithError(r.Context().Err())
				return
			}
			n := min(e.stretch, len(b))
			if _, err := write.Write(b[:n]); err != nil {
				return
			}
			b = b[n:]
		}
		write.Close()
	}()
	h := http.Header{}
	if e.header != "" {
		h.Set(wire.PiecesHeader, e.header)
	}
	return &http.Response{StatusCode: status, Header: h, Body: read, ContentLength: -1, Request: r}, nil
}

func TestFetch(t *testing.T) {
	c, b, hashes := testChunk() // 4 pieces of 1024 bytes and one of 100
	header := base64.RawStdEncoding.EncodeToString(hashes)
	wrong := bytes.Clone(hashes)
	wrong[5] ^= 1
	for _, tc := range []struct {
		name         string
		edge         slowEdge
		first, count int
		held         bool // the hashes are known
		told         string
		fails        bool
	}{
		{"hashes ahead", slowEdge{header, b, 1500, -1}, 0, 5, false, "0s hashes; 1s 0+1; 2s 1+1; 3s 2+3", false},
		{"a range, hashes ahead", slowEdge{header, b, 1024, -1}, 1, 2, false, "0s hashes; 1s 1+1; 2s 2+1", false},
		{"a range, hashes held", slowEdge{"", b, 1024, -1}, 1, 2, true, "1s 1+1; 2s 2+1", false},
		{"the end", slowEdge{header, b, 9999, -1}, 4, 1, true, "1s 4+1", false},
		{"no hashes", slowEdge{"", b, 1500, -1}, 0, 5, false, "3s hashes; 3s 0+5", false},
		{"others' hashes", slowEdge{base64.RawStdEncoding.EncodeToString(wrong), b, 9999, -1}, 0, 5, false, "1s hashes; 1s 0+5", false},
		{"no base64", slowEdge{strings.Repeat("!", len(header)), b, 9999, -1}, 0, 5, false, "1s hashes; 1s 0+5", false},
		{"a range without hashes", slowEdge{"", b, 1024, -1}, 1, 2, false, "", true},
		{"a wrong byte late", slowEdge{header, b, 1024, 2500}, 0, 5, false, "0s hashes; 1s 0+1; 2s 1+1", true},
		{"a wrong byte, no hashes", slowEdge{"", b, 9999, 0}, 0, 5, false, "", true},
		{"too short", slowEdge{header, b[:3000], 1024, -1}, 0, 5, false, "0s hashes; 1s 0+1; 2s 1+1", true},
		{"too slow", slowEdge{header, b, 300, -1}, 0, 5, false, "0s hashes; 4s 0+1", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				var told []string
				tell := func(what string) { told = append(told, fmt.Sprintf("%v %s", time.Since(begun), what)) }
				f := &fetch{record: c.record, url: "http://h/c", first: tc.first, count: tc.count}
				if tc.held {
					f.hashes = split(hashes)
				}
				f.hashed = func(got [][sha256.Size]byte) {
					tell("hashes")
					if got[4] != split(hashes)[4] {
						t.Error("other hashes")
					}
				}
				f.arrived = func(first, count int, got []byte) {
					tell(fmt.Sprintf("%d+%d", first, count))
					if from, to := c.record.PieceBounds(first, count); !bytes.Equal(got, b[from:to]) {
						t.Errorf("other bytes at %d+%d", first, count)
					}
				}
				err := f.run(t.Context(), &http.Client{Transport: &tc.edge})
				if got := strings.Join(told, "; "); got != tc.told || (err != nil) != tc.fails {
					t.Errorf("told %q, %v; want %q", got, err, tc.told)
				}
			})
		})
	}
}

func TestFetchWithoutPlace(t *testing.T) {
	if err := (&fetch{}).run(context.Background(), nil); err == nil || errors.Is(err, errUnverified) {
		t.Error(err)
	}
}
