//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What the origin has: a live stream of 3 Mbit/s, and an object that is large.
const (
	listPath  = "/live/demo/v0/index.m3u8"
	epochPath = "/live/demo/v0/1700000000/"
	largePath = epochPath + "s0.m4s"
	largeSize = 1 << 20

	partTime   = time.Second / 3
	parts      = 6 // of a segment
	partSize   = 83_000
	firstSize  = 250_000 // of a segment's first part, which has the key frame
	window     = 10      // segments listed
	longBefore = time.Minute
)

// origin makes a part each third of a second.
type origin struct {
	server  *http.Server
	address string
	began   time.Time
	noise   []byte // what media is made of
}

func startOrigin() (*origin, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &origin{address: listener.Addr().String(), began: time.Now().Add(-longBefore), noise: make([]byte, largeSize)}
	random := rand.NewChaCha8([32]byte{1})
	random.Read(o.noise)
	o.server = &http.Server{Handler: o, ReadHeaderTimeout: time.Minute}
	go o.server.Serve(listener)
	return o, nil
}

func (o *origin) stop() { o.server.Close() }

// A number is a part's place in the stream.
type number int

func (n number) name() string { return fmt.Sprintf("s%d.%d.m4s", n/parts, n%parts) }

func (n number) size() int {
	if n%parts == 0 {
		return firstSize
	}
	return partSize
}

// born returns when a part is whole.
func (o *origin) born(n number) time.Time { return o.began.Add(time.Duration(n+1) * partTime) }

// making returns the part that is not whole yet.
func (o *origin) making(now time.Time) number { return number(now.Sub(o.began) / partTime) }

// await waits until a part is whole.
func (o *origin) await(ctx context.Context, n number) bool {
	timer := time.NewTimer(time.Until(o.born(n)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	name, media := strings.CutPrefix(r.URL.Path, epochPath)
	var msn, part number
	switch _, err := fmt.Sscanf(name, "s%d.%d.m4s", &msn, &part); {
	case r.URL.Path == listPath:
		o.serveList(w, r)
	case r.URL.Path == largePath:
		o.serveMedia(w, o.noise)
	case media && err == nil && msn*parts+part <= o.making(time.Now()): // one that is hinted at is held
		if n := msn*parts + part; o.await(r.Context(), n) {
			o.serveMedia(w, o.noise[:n.size()])
		}
	default:
		h.Set("Cache-Control", "no-store")
		http.NotFound(w, r)
	}
}

func (o *origin) serveMedia(w http.ResponseWriter, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "video/mp4")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

// serveList answers for the playlist, when the part is whole that it is asked for, if it is asked for one.
func (o *origin) serveList(w http.ResponseWriter, r *http.Request) {
	control := "public, max-age=1"
	if query := r.URL.Query(); query.Has("_HLS_msn") {
		msn, _ := strconv.Atoi(query.Get("_HLS_msn"))
		part, _ := strconv.Atoi(query.Get("_HLS_part"))
		control = "public, max-age=2"
		if !o.await(r.Context(), number(msn*parts+part)) {
			return
		}
	}
	list := playlist(o.making(time.Now()))
	h := w.Header()
	h.Set("Content-Type", "application/vnd.apple.mpegurl")
	h.Set("Cache-Control", control)
	h.Set("Content-Length", strconv.Itoa(len(list)))
	w.Write(list)
}

// playlist returns the playlist while a part is made.
func playlist(making number) []byte {
	var b strings.Builder
	last := making/parts - 1 // segment that is whole
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.002\n"+
		"#EXT-X-PART-INF:PART-TARGET=0.334\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-MAP:URI=\"1700000000/init0.mp4\"\n", last-window+1)
	for msn := last - window + 1; msn <= last+1; msn++ {
		for n := msn * parts; msn >= last-1 && n < min(making, (msn+1)*parts); n++ {
			independent := ""
			if n%parts == 0 {
				independent = ",INDEPENDENT=YES"
			}
			fmt.Fprintf(&b, "#EXT-X-PART:DURATION=0.33333,URI=\"1700000000/%s\"%s\n", n.name(), independent)
		}
		if msn <= last {
			fmt.Fprintf(&b, "#EXTINF:2.00000,\n1700000000/s%d.m4s\n", msn)
		}
	}
	fmt.Fprintf(&b, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1700000000/%s\"\n", making.name())
	return []byte(b.String())
}
