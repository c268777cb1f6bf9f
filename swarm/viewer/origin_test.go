package viewer

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// stage is a stream without a camera: an origin and edge in one, whose parts are random bytes, signed. It grows a part
// when told to.
type stage struct {
	*httptest.Server
	partSize int
	length   time.Duration // of a part
	private  ed25519.PrivateKey
	public   ed25519.PublicKey
	tracker  *lobby

	mu      sync.Mutex
	grown   chan struct{} // closed and renewed when a part is added
	chunks  map[string][]byte
	records []wire.Record // by part
	init    wire.Record
	begun   time.Time
	served  map[string]int    // GETs by path
	early   int               // of parts that were not there yet, and came
	hashes  map[string]string // header of the piece hashes, by path
	stopped bool
}

const perSegment = 6

func newStage(t *testing.T, partSize int, length time.Duration) *stage {
	t.Helper()
	st := &stage{
		partSize: partSize, length: length, grown: make(chan struct{}),
		chunks: make(map[string][]byte), served: make(map[string]int), hashes: make(map[string]string), tracker: newLobby(),
	}
	seed := sha256.Sum256([]byte(t.Name()))
	st.private = ed25519.NewKeyFromSeed(seed[:])
	st.public = st.private.Public().(ed25519.PublicKey)
	st.begun = time.Now()
	init := fill(900, 0)
	st.init = st.sign(wire.ChunkID{Epoch: 7, Kind: wire.Init, MSN: 1}, init, false)
	st.chunks["7/init1.mp4"] = init
	mux := http.NewServeMux()
	mux.HandleFunc("GET /live/show/index.m3u8", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000\nv0/index.m3u8\n")
	})
	mux.HandleFunc("GET /live/show/v0/index.m3u8", st.playlist)
	mux.HandleFunc("GET /live/show/v0/7/{file}", st.chunk)
	mux.HandleFunc("GET /api/v1/streams/show", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"name": "show", "publicKey": []byte(st.public)})
	})
	mux.Handle("/tracker", st.tracker)
	st.Server = httptest.NewServer(mux)
	for range 2 * perSegment {
		st.grow()
	}
	t.Cleanup(func() {
		st.tracker.close()
		st.Server.CloseClientConnections()
		st.Server.Close()
	})
	return st
}

func fill(size int, seed uint64) []byte {
	b := make([]byte, size)
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func (st *stage) sign(id wire.ChunkID, b []byte, independent bool) wire.Record {
	r := wire.Record{
		ID: id, Independent: independent, PieceSize: wire.PieceSize(len(b)), Size: uint32(len(b)),
		Duration: uint32(st.length.Microseconds()),
	}
	var hashes []byte
	for i := range r.Pieces() {
		from, to := r.PieceBounds(i, 1)
		h := sha256.Sum256(b[from:to])
		hashes = append(hashes, h[:]...)
	}
	r.Digest = sha256.Sum256(hashes)
	st.hashes[path(id)] = base64.RawStdEncoding.EncodeToString(hashes)
	r.Signature = [64]byte(ed25519.Sign(st.private, r.SignedBytes()))
	return r
}

// grow adds a part.
func (st *stage) grow() {
	st.mu.Lock()
	defer st.mu.Unlock()
	n := len(st.records)
	msn, p := n/perSegment, n%perSegment
	b := fill(st.partSize, uint64(n+1))
	st.chunks[fmt.Sprintf("7/s%d.%d.m4s", msn, p)] = b
	st.records = append(st.records, st.sign(wire.ChunkID{Epoch: 7, MSN: uint64(msn), Part: uint16(p)}, b, p == 0))
	close(st.grown)
	st.grown = make(chan struct{})
}

func recordLine(r wire.Record) string {
	return wire.RecordTag + base64.RawStdEncoding.EncodeToString(r.Append(nil)) + "\n"
}

func (st *stage) playlist(w http.ResponseWriter, r *http.Request) {
	if m := r.URL.Query().Get("_HLS_msn"); m != "" {
		msn, _ := strconv.Atoi(m)
		p, _ := strconv.Atoi(r.URL.Query().Get("_HLS_part"))
		for {
			st.mu.Lock()
			have, grown := len(st.records), st.grown
			st.mu.Unlock()
			if have > msn*perSegment+p {
				break
			}
			select {
			case <-grown:
			case <-r.Context().Done():
				return
			}
		}
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.served["playlist"]++
	var b strings.Builder
	n := len(st.records)
	first := max(0, n/perSegment-3)
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:1\n#EXT-X-PART-INF:PART-TARGET=%g\n", st.length.Seconds())
	fmt.Fprintf(&b, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=%g\n", 7*st.length.Seconds())
	fmt.Fprintf(&b, "#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-MAP:URI=\"7/init1.mp4\"\n%s", first, recordLine(st.init))
	for i := first * perSegment; i < n; i++ {
		if i%perSegment == 0 {
			at := st.begun.Add(time.Duration(i-2*perSegment) * st.length)
			fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:%s\n", at.UTC().Format("2006-01-02T15:04:05.000Z"))
		}
		independent := ""
		if i%perSegment == 0 {
			independent = ",INDEPENDENT=YES"
		}
		fmt.Fprintf(&b, "#EXT-X-PART:DURATION=%g,URI=\"7/s%d.%d.m4s\"%s\n%s", st.length.Seconds(), i/perSegment, i%perSegment, independent, recordLine(st.records[i]))
		if i%perSegment == perSegment-1 {
			fmt.Fprintf(&b, "#EXTINF:%g,\n7/s%d.m4s\n", perSegment*st.length.Seconds(), i/perSegment)
		}
	}
	fmt.Fprintf(&b, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"7/s%d.%d.m4s\"\n", n/perSegment, n%perSegment)
	if st.stopped {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	fmt.Fprint(w, b.String())
}

func (st *stage) chunk(w http.ResponseWriter, r *http.Request) {
	st.mu.Lock()
	at := "7/" + r.PathValue("file")
	b, ok := st.chunks[at]
	hashes := st.hashes[at]
	st.served[at]++
	grown, next := st.grown, len(st.records)
	st.mu.Unlock()
	if !ok && at == fmt.Sprintf("7/s%d.%d.m4s", next/perSegment, next%perSegment) { // which is hinted at
		select {
		case <-grown:
		case <-r.Context().Done():
			return
		}
		st.mu.Lock()
		b, ok = st.chunks[at]
		hashes = st.hashes[at]
		st.early++
		st.mu.Unlock()
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set(wire.PiecesHeader, hashes)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(b)))
}

func path(id wire.ChunkID) string {
	if id.Kind == wire.Init {
		return fmt.Sprintf("7/init%d.mp4", id.MSN)
	}
	return fmt.Sprintf("7/s%d.%d.m4s", id.MSN, id.Part)
}
