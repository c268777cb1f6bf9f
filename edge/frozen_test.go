package edge

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// freezer is two origins of which the first sends so many bytes of a body and then nothing, for ever.
func freezer(body []byte, after int, wait time.Duration) *source {
	return newSource(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		if r.URL.Host != "a.test" {
			w.Write(body)
			return
		}
		if after > 0 {
			w.Write(body[:after])
		}
		select {
		case <-time.After(wait):
			w.Write(body[after:])
		case <-r.Context().Done():
			panic(http.ErrAbortHandler) // or the body would seem to be whole
		}
	})
}

// An answer that makes no progress breaks off, and is gone on with elsewhere. Nothing probes the origins here: see TestFrozenAmongOrigins.
func TestFrozenOrigin(t *testing.T) {
	const forever = time.Hour
	both := []string{"http://a.test", "http://b.test"}
	text := []byte(playlist(12, 2))
	for _, c := range []struct {
		name    string
		uri     string
		body    []byte
		after   int // bytes, then silence
		silence time.Duration
		origins []string
		broken  bool // the answer breaks off
		took    time.Duration
		asked   int
	}{
		{"media, in its midst", partPath, partBytes, 5000, forever, both, false, bodyPause, 2},
		{"media, one origin", partPath, partBytes, 5000, forever, both[:1], true, 2 * bodyPause, 2},
		{"media, before its first byte", partPath, partBytes, 0, forever, both, false, livePatience, 2},
		{"media, held before its first byte", partPath, partBytes, 0, 20 * time.Second, both, false, 20 * time.Second, 1},
		{"media, a pause", partPath, partBytes, 5000, bodyPause - time.Second, both, false, bodyPause - time.Second, 1},
		{"playlist, in its midst", playlistPath, text, 50, forever, both, false, bodyPause, 2},
		{"playlist, one origin", playlistPath, text, 50, forever, both[:1], true, 2 * bodyPause, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := freezer(c.body, c.after, c.silence)
				e := newEdge(t, Config{Transport: src, Origins: c.origins})
				defer e.stop(errStopping)
				start := time.Now()
				broken := func() (broken bool) {
					defer func() { broken = broken || recover() != nil }()
					w := get(e, c.uri)
					return w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), c.body)
				}()
				if took := time.Since(start); broken != c.broken || took != c.took {
					t.Errorf("broken %v after %v, want %v after %v", broken, took, c.broken, c.took)
				}
				if n := src.total(""); n != c.asked {
					t.Errorf("origins asked %d times, want %d", n, c.asked)
				}
			})
		})
	}
}

// TestBrokenAnswersReserveNothing: what a broken answer had reserved is free again.
func TestBrokenAnswersReserveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "10000")
			w.Write(partBytes[:100])
			panic(io.ErrUnexpectedEOF)
		})
		e := newEdge(t, Config{Transport: src, Origins: []string{"http://a.test", "http://b.test"}})
		if w := get(e, playlistPath); w.Code != http.StatusBadGateway || src.total("") != 3 {
			t.Errorf("%d after %d answers", w.Code, src.total(""))
		}
		if most := int64(2 * overhead); e.cache.bytes > most {
			t.Errorf("%d bytes are counted, want at most %d", e.cache.bytes, most)
		}
	})
}
