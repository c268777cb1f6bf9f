//go:build linux

package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// What the origin has, by the MSN that is asked for.
const (
	epochPath = "/live/hits/v0/1700000000/"
	listPath  = "/live/hits/v0/index.m3u8"
	holdPath  = "/live/held/v0/index.m3u8"

	firstCold    = 10_000 // and on: coldSize bytes after coldDelay, below it as many thousands as the MSN says
	firstDripped = 20_000 // and on: coldSize bytes, in equal shares over dripTime, the first at once
	coldSize     = 250_000
	coldDelay    = 100 * time.Millisecond
	dripTime     = time.Second
	dripShares   = 10
	partSize     = 83_250 // a third of a second of 2 Mbit/s

	heldQuery = "?_HLS_msn=13&_HLS_part=2"
)

// origin is what the servers fetch from. It answers with the headers of Shoal's, and counts what it is asked.
type origin struct {
	// static
	server  *http.Server
	address string
	noise   []byte        // what media is made of
	list    []byte        // the playlist of hits, 2 kB
	born    chan struct{} // closed when the part is born that reloads wait for

	mu    sync.Mutex // guards what follows
	asked map[string]int
	first map[string]time.Time // when the first byte of a body went out
}

func startOrigin() (*origin, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &origin{address: listener.Addr().String(), noise: make([]byte, 1<<20), list: playlist(21, 3), born: make(chan struct{}),
		asked: make(map[string]int), first: make(map[string]time.Time)}
	random := rand.NewChaCha8([32]byte{1})
	random.Read(o.noise)
	o.server = &http.Server{Handler: o, ReadHeaderTimeout: time.Minute}
	go o.server.Serve(listener)
	return o, nil
}

func (o *origin) stop() { o.server.Close() }

func (o *origin) count(uri string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked[uri]
}

// firstByte returns when the first byte of what is at a URI went out.
func (o *origin) firstByte(uri string) time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.first[uri]
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	uri := r.URL.RequestURI()
	o.mu.Lock()
	o.asked[uri]++
	o.mu.Unlock()
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "ETag, Link, Location, Accept-Patch, "+wire.PiecesHeader)
	msn, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(uri, epochPath+"s"), ".m4s"))
	switch {
	case err == nil:
		o.serveMedia(w, uri, msn)
	case uri == listPath:
		serveList(w, o.list, "public, max-age=3600") // so that there is nothing but hits
	case uri == holdPath:
		serveList(w, playlist(12, 2), "public, max-age=1")
	case uri == holdPath+heldQuery:
		select {
		case <-o.born:
			serveList(w, playlist(12, 3), "public, max-age=2")
		case <-r.Context().Done():
		}
	case uri == "/healthz":
		io.WriteString(w, "ok\n")
	default:
		http.NotFound(w, r)
	}
}

func serveList(w http.ResponseWriter, list []byte, control string) {
	h := w.Header()
	h.Set("Content-Type", "application/vnd.apple.mpegurl")
	h.Set("Cache-Control", control)
	h.Set("Content-Length", strconv.Itoa(len(list)))
	w.Write(list)
}

func (o *origin) serveMedia(w http.ResponseWriter, uri string, msn int) {
	body := o.media(msn)
	h := w.Header()
	h.Set("Content-Type", "video/mp4")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", fmt.Sprintf(`"%d-%d"`, msn, len(body)))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set(wire.PiecesHeader, strings.Repeat("c2hvYWw_", 43*32/8)) // 32 digests of 32 bytes
	switch {
	case msn >= firstDripped:
		share := len(body) / dripShares
		for i := range dripShares {
			if i == 0 {
				o.mu.Lock()
				o.first[uri] = time.Now()
				o.mu.Unlock()
			} else {
				time.Sleep(dripTime / (dripShares - 1))
			}
			w.Write(body[i*share : (i+1)*share])
			w.(http.Flusher).Flush()
		}
	case msn >= firstCold:
		time.Sleep(coldDelay)
		w.Write(body)
	default:
		w.Write(body)
	}
}

// media returns the bytes of a segment.
func (o *origin) media(msn int) []byte {
	switch {
	case msn >= firstCold:
		return o.noise[:coldSize]
	case msn == partSize/1000:
		return o.noise[:partSize]
	default:
		return o.noise[:msn*1000]
	}
}

// playlist returns a media playlist whose last whole segment is last, with parts after it.
func playlist(last, parts int) []byte {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n" +
		"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.059,CAN-SKIP-UNTIL=12.0\n#EXT-X-PART-INF:PART-TARGET=0.353\n")
	fmt.Fprintf(&b, "#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-MAP:URI=\"1700000000/init0.mp4\"\n", last-7)
	for msn := last - 7; msn <= last+1; msn++ {
		have := 6
		if msn > last {
			have = parts
		}
		if msn >= last-1 {
			for part := range have {
				fmt.Fprintf(&b, "#EXT-X-PART:DURATION=0.33300,URI=\"1700000000/s%d.%d.m4s\"\n", msn, part)
			}
		}
		if msn <= last {
			fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:2026-05-01T20:00:%02d.000Z\n#EXTINF:2.00000,\n1700000000/s%d.m4s\n", 2*msn%60, msn)
		}
	}
	fmt.Fprintf(&b, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1700000000/s%d.%d.m4s\"\n", last+1, parts)
	return []byte(b.String())
}
