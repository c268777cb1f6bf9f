package edge

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/shoal-live/shoal/swarm/wire"
)

const signedSegments = 3

// notary is a stream whose chunks are signed: three segments of two parts, each of 64 KiB, in one playlist.
type notary struct {
	private ed25519.PrivateKey
	chunks  map[string][]byte // by path
	hashes  map[string]string
	lines   []string
}

func newNotary() *notary {
	seed := sha256.Sum256([]byte("notary"))
	n := &notary{private: ed25519.NewKeyFromSeed(seed[:]), chunks: map[string][]byte{}, hashes: map[string]string{}}
	n.lines = []string{"#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXT-X-PART-INF:PART-TARGET=1", "#EXT-X-MEDIA-SEQUENCE:10",
		`#EXT-X-MAP:URI="7/init1.mp4"`, n.sign(wire.ChunkID{Epoch: 7, Kind: wire.Init, MSN: 1}, partBytes[:700], false)}
	for msn := uint64(10); msn < 10+signedSegments; msn++ {
		var whole []byte
		for part := range uint16(2) {
			b := bytes.Clone(partBytes)
			b[0], b[1] = byte(msn), byte(part)
			whole = append(whole, b...)
			n.lines = append(n.lines, fmt.Sprintf(`#EXT-X-PART:DURATION=1,URI="7/s%d.%d.m4s"`, msn, part),
				n.sign(wire.ChunkID{Epoch: 7, MSN: msn, Part: part}, b, part == 1))
		}
		n.chunks[fmt.Sprintf("/live/demo/v0/7/s%d.m4s", msn)] = whole
		n.lines = append(n.lines, "#EXTINF:2.0,", fmt.Sprintf("7/s%d.m4s", msn))
	}
	return n
}

// sign returns the line of a chunk's record.
func (n *notary) sign(id wire.ChunkID, b []byte, last bool) string {
	r := wire.Record{ID: id, Last: last, PieceSize: wire.PieceSize(len(b)), Size: uint32(len(b)), Duration: 1e6}
	var hashes []byte
	for i := range r.Pieces() {
		from, to := r.PieceBounds(i, 1)
		sum := sha256.Sum256(b[from:to])
		hashes = append(hashes, sum[:]...)
	}
	r.Digest = sha256.Sum256(hashes)
	r.Signature = [64]byte(ed25519.Sign(n.private, r.SignedBytes()))
	path := pathOf("demo", id)
	n.chunks[path], n.hashes[path] = b, base64.RawStdEncoding.EncodeToString(hashes)
	return wire.RecordTag + base64.RawStdEncoding.EncodeToString(r.Append(nil))
}

func (n *notary) playlist() string { return strings.Join(n.lines, "\n") + "\n" }

func (n *notary) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch b := n.chunks[r.URL.Path]; {
	case r.URL.Path == playlistPath:
		io.WriteString(w, n.playlist())
	case r.URL.Path == "/api/v1/streams/demo":
		fmt.Fprintf(w, `{"name":"demo","publicKey":%q}`, base64.StdEncoding.EncodeToString(n.private.Public().(ed25519.PublicKey)))
	case b == nil:
		w.WriteHeader(http.StatusNotFound)
	default:
		if h := n.hashes[r.URL.Path]; h != "" {
			w.Header().Set(wire.PiecesHeader, h)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}
}

const (
	signedPart    = "/live/demo/v0/7/s11.1.m4s"
	signedSegment = "/live/demo/v0/7/s11.m4s"
)

// TestFalseBytes: what the first of two origins has is not what the stream's record says. Viewers never get the whole of it: where the hashes of the
// pieces are known they get what is true, without a break; where not, their answer may break off, and the next one is true.
func TestFalseBytes(t *testing.T) {
	n := newNotary()
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[at] ^= 1; return b }
	}
	size := len(partBytes)
	for _, c := range []struct {
		name   string
		uri    string
		hashes string // what the first sends: right, none, wrong
		spoil  func([]byte) []byte
		breaks bool // bytes were shown before it was known
	}{
		{"the first byte", signedPart, "right", flip(0), false},
		{"in its midst", signedPart, "right", flip(size / 2), false},
		{"the last byte", signedPart, "right", flip(size - 1), false},
		{"shorter", signedPart, "right", func(b []byte) []byte { return b[:size-1] }, false},
		{"longer", signedPart, "right", func(b []byte) []byte { return append(b, 0) }, false},
		{"wrong hashes", signedPart, "wrong", flip(0), false},
		{"hashes of its own", signedPart, "own", flip(0), false},
		{"an init segment", "/live/demo/v0/7/init1.mp4", "none", flip(600), false},
		{"no hashes, in its midst", signedPart, "none", flip(size / 2), true},
		{"no hashes, the last byte", signedPart, "none", flip(size - 1), true},
		{"no hashes, shorter", signedPart, "none", func(b []byte) []byte { return b[:size-1] }, false},
		{"a segment, in its first part", signedSegment, "none", flip(size / 2), true},
		{"a segment, in its second part", signedSegment, "none", flip(2*size - 1), true},
		{"a segment, longer", signedSegment, "none", func(b []byte) []byte { return append(b, 0) }, false},
	} {
		for _, sized := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, sized=%v", c.name, sized), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := c
					c.breaks = c.breaks || !sized && c.name == "no hashes, shorter"
					faults := 0
					src := newSource(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Host != "a.test" || !strings.HasPrefix(r.URL.Path, "/live/demo/v0/7/") {
							n.ServeHTTP(w, r)
							return
						}
						faults++
						b := c.spoil(bytes.Clone(n.chunks[r.URL.Path]))
						switch c.hashes {
						case "right":
							w.Header().Set(wire.PiecesHeader, n.hashes[r.URL.Path])
						case "own":
							w.Header().Set(wire.PiecesHeader, hashesOf(b))
						case "wrong":
							w.Header().Set(wire.PiecesHeader, n.hashes["/live/demo/v0/7/s11.0.m4s"])
						}
						if sized {
							w.Header().Set("Content-Length", fmt.Sprint(len(b)))
						}
						for len(b) > 0 {
							k := min(len(b), 5000)
							w.Write(b[:k])
							b = b[k:]
							time.Sleep(time.Millisecond)
						}
					})
					e := newEdge(t, Config{Transport: src, Origins: []string{"http://a.test", "http://b.test"}})
					get(e, playlistPath)
					e.flights.Wait()
					want := n.chunks[c.uri]
					var all sync.WaitGroup
					for range 10 {
						all.Go(func() {
							w := &reader{}
							got := watch(e, c.uri, w)
							if !got && (!c.breaks || len(w.got) >= len(want)) {
								t.Errorf("the answer broke off after %d bytes", len(w.got))
							}
							if got && !bytes.Equal(w.got, want) {
								t.Errorf("%d bytes, false ones", len(w.got))
							}
							if got && c.breaks {
								t.Error("a whole answer, though the end of it was false")
							}
						})
					}
					all.Wait()
					e.flights.Wait()
					time.Sleep(time.Second) // the first origin notices that nobody listens
					if w := new(reader); !watch(e, c.uri, w) || !bytes.Equal(w.got, want) {
						t.Errorf("asked again: %d bytes", len(w.got))
					}
					counted := 1.0
					if !sized && strings.HasSuffix(c.name, "longer") {
						counted = 0 // what is too much is not taken
					}
					if n := testutil.ToFloat64(e.tally.mismatches); n != counted || faults != 1 {
						t.Errorf("%v mismatches are counted, %d answers were false", n, faults)
					}
				})
			})
		}
	}
}

// reader is a viewer's end of an answer.
type reader struct {
	header http.Header
	got    []byte
	first  time.Time
	early  int // bytes that came together with the first
}

func (r *reader) Header() http.Header {
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}
func (r *reader) WriteHeader(int) {}
func (r *reader) Write(b []byte) (int, error) {
	if r.first.IsZero() {
		r.first = time.Now()
	}
	r.got = append(r.got, b...)
	if time.Now().Equal(r.first) {
		r.early = len(r.got)
	}
	return len(b), nil
}

// hashesOf returns the header of a chunk's hashes.
func hashesOf(b []byte) string {
	var hashes []byte
	for piece := int(wire.PieceSize(len(b))); len(b) > 0; b = b[min(piece, len(b)):] {
		sum := sha256.Sum256(b[:min(piece, len(b))])
		hashes = append(hashes, sum[:]...)
	}
	return base64.RawStdEncoding.EncodeToString(hashes)
}

// watch asks for uri, and tells whether the answer came to its end.
func watch(e *Edge, uri string, w *reader) (whole bool) {
	defer func() { whole = recover() == nil }()
	r, _ := http.NewRequest(http.MethodGet, uri, nil)
	e.ServeHTTP(w, r)
	return true
}

// TestTrueBytesFlow: a body that is proved goes out while it comes in.
func TestTrueBytesFlow(t *testing.T) {
	n := newNotary()
	for _, c := range []struct {
		uri    string
		hashes bool
	}{{signedPart, true}, {signedPart, false}, {signedSegment, false}} {
		t.Run(fmt.Sprintf("%s, hashes=%v", c.uri, c.hashes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := n.chunks[c.uri]
				src := newSource(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path != c.uri {
						n.ServeHTTP(w, r)
						return
					}
					if c.hashes {
						w.Header().Set(wire.PiecesHeader, n.hashes[c.uri])
					}
					w.Write(body[:len(body)/2])
					time.Sleep(time.Second)
					w.Write(body[len(body)/2:])
				})
				e := newEdge(t, Config{Transport: src})
				get(e, playlistPath)
				e.flights.Wait()
				w, start := &reader{}, time.Now()
				whole := watch(e, c.uri, w)
				if early := w.first.Sub(start); !whole || early != 0 || w.early < len(body)/2-5000 || !bytes.Equal(w.got, body) {
					t.Errorf("%d bytes after %v, %d in all", w.early, early, len(w.got))
				}
				if o := e.cache.look(c.uri); !o.proved.Load() {
					t.Error("it was not proved")
				}
			})
		})
	}
}

// FuzzProof feeds a body in steps: what is called good is never more than came, nor less than before, and only the true body is proved.
func FuzzProof(f *testing.F) {
	f.Add([]byte("some bytes"), uint16(3), uint16(0), true)
	f.Add(bytes.Repeat([]byte("x"), 5000), uint16(700), uint16(4999), false)
	f.Fuzz(func(t *testing.T, body []byte, step, spoiled uint16, hashed bool) {
		if len(body) == 0 || step == 0 {
			return
		}
		c := fact{size: len(body), piece: wire.MinPieceSize}
		var sums []byte
		for at := 0; at < len(body); at += c.piece {
			sum := sha256.Sum256(body[at:min(len(body), at+c.piece)])
			sums = append(sums, sum[:]...)
		}
		c.digest = sha256.Sum256(sums)
		p := newProof([]fact{c}, nil)
		if hashed {
			var err error
			if p.hashes, err = splitHashes(c, base64.RawStdEncoding.EncodeToString(sums)); err != nil {
				t.Fatal(err)
			}
		}
		spoilt := int(spoiled) < len(body)
		got := bytes.Clone(body)
		if spoilt {
			got[spoiled]++
		}
		good := 0
		for n := 0; n < len(got); {
			n = min(len(got), n+int(step))
			now, err := p.take(got[:n])
			if err != nil {
				if !spoilt {
					t.Fatal(err)
				}
				return
			}
			if now < good || now > n || hashed && spoilt && now > int(spoiled) {
				t.Fatalf("%d of %d are good, %d were", now, n, good)
			}
			good = now
		}
		if spoilt || good != len(body) {
			t.Fatalf("%d of %d are good", good, len(body))
		}
	})
}

// BenchmarkProof is what it costs to check a chunk of 250 KB as it comes.
func BenchmarkProof(b *testing.B) {
	body := bytes.Repeat([]byte("0123456789"), 25_000)
	c := fact{size: len(body), piece: int(wire.PieceSize(len(body)))}
	var sums []byte
	for at := 0; at < len(body); at += c.piece {
		sum := sha256.Sum256(body[at:min(len(body), at+c.piece)])
		sums = append(sums, sum[:]...)
	}
	c.digest = sha256.Sum256(sums)
	hashes, err := splitHashes(c, base64.RawStdEncoding.EncodeToString(sums))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("proof", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			p := newProof([]fact{c}, hashes)
			for n := 0; n < len(body); {
				n = min(len(body), n+32<<10)
				if _, err := p.take(body[:n]); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("SHA-256 alone", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			sha256.Sum256(body)
		}
	})
}
