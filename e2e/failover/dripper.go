//go:build linux

package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/store/redistest"
)

const (
	dripSize = 250 << 10
	dripTime = time.Second // for a whole chunk
	drips    = 50
	dripList = "/live/drip/v0/index.m3u8"
)

// dripper is an origin whose chunks, signed as any, take a second each to come.
type dripper struct {
	server  *http.Server
	at      string
	private ed25519.PrivateKey
	chunks  [][]byte
	list    string
	hashes  map[string]string // by path
	half    chan struct{}     // closed when half of the third chunk has dripped
	once    sync.Once

	mu    sync.Mutex
	asked map[string]int
}

func newDripper(n int) (*dripper, error) {
	seed := sha256.Sum256([]byte("drip"))
	d := &dripper{private: ed25519.NewKeyFromSeed(seed[:]), hashes: map[string]string{}, asked: map[string]int{}, half: make(chan struct{})}
	var list strings.Builder
	list.WriteString("#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=2\n#EXT-X-MEDIA-SEQUENCE:0\n")
	random := rand.NewChaCha8(seed)
	for i := range n {
		b := make([]byte, dripSize)
		random.Read(b)
		d.chunks = append(d.chunks, b)
		fmt.Fprintf(&list, "#EXT-X-PART:DURATION=2,URI=\"7/s%d.0.m4s\"\n%s\n#EXTINF:2,\n7/s%d.m4s\n", i, d.sign(i, b), i)
	}
	d.list = list.String() + "#EXT-X-ENDLIST\n"
	address, err := redistest.FreeAddress()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	d.at = address
	d.server = &http.Server{Handler: d}
	go d.server.Serve(listener)
	return d, nil
}

func (d *dripper) close()             { d.server.Close() }
func (d *dripper) url() string        { return "http://" + d.at }
func (d *dripper) chunk(n int) []byte { return d.chunks[n] }
func (d *dripper) path(n int) string  { return fmt.Sprintf("/live/drip/v0/7/s%d.0.m4s", n) }

func dripTag(path string) string { return strconv.Quote("drip" + strings.ReplaceAll(path, "/", "-")) }

// copies returns how many times chunks were asked for.
func (d *dripper) copies() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for path, asked := range d.asked {
		if strings.HasSuffix(path, ".m4s") {
			n += asked
		}
	}
	return n
}

func (d *dripper) sign(msn int, b []byte) string {
	r := wire.Record{ID: wire.ChunkID{Epoch: 7, MSN: uint64(msn)}, Last: true, Independent: true, PieceSize: wire.PieceSize(len(b)), Size: uint32(len(b)), Duration: 2e6}
	var hashes []byte
	for i := range r.Pieces() {
		from, to := r.PieceBounds(i, 1)
		sum := sha256.Sum256(b[from:to])
		hashes = append(hashes, sum[:]...)
	}
	r.Digest = sha256.Sum256(hashes)
	r.Signature = [64]byte(ed25519.Sign(d.private, r.SignedBytes()))
	d.hashes[d.path(msn)] = base64.RawStdEncoding.EncodeToString(hashes)
	return wire.RecordTag + base64.RawStdEncoding.EncodeToString(r.Append(nil))
}

func (d *dripper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.asked[r.URL.Path]++
	d.mu.Unlock()
	var msn int
	switch _, err := fmt.Sscanf(r.URL.Path, "/live/drip/v0/7/s%d.0.m4s", &msn); {
	case r.URL.Path == "/healthz":
	case r.URL.Path == dripList:
		w.Write([]byte(d.list))
	case r.URL.Path == "/api/v1/streams/drip":
		fmt.Fprintf(w, `{"name":"drip","publicKey":%q}`, base64.StdEncoding.EncodeToString(d.private.Public().(ed25519.PublicKey)))
	case err == nil && msn < len(d.chunks):
		w.Header().Set(wire.PiecesHeader, d.hashes[r.URL.Path])
		w.Header().Set("ETag", dripTag(r.URL.Path))
		http.ServeContent(&slow{w, d, msn, 0}, r, "", time.Time{}, bytes.NewReader(d.chunks[msn]))
	default:
		http.NotFound(w, r)
	}
}

// slow writes by drips.
type slow struct {
	http.ResponseWriter
	d    *dripper
	msn  int
	sent int
}

func (s *slow) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var more int
		more, err = s.ResponseWriter.Write(b[n:min(len(b), n+dripSize/drips)])
		n, s.sent = n+more, s.sent+more
		if s.msn == 2 && s.sent > dripSize/2 {
			s.d.once.Do(func() { close(s.d.half) })
		}
		s.ResponseWriter.(http.Flusher).Flush()
		time.Sleep(dripTime / drips)
	}
	return n, err
}
