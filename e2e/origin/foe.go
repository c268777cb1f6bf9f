//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/handshake"
)

// foeKind is one way of being hostile. Be returns when the connection has ended.
type foeKind struct {
	name string
	door func(*house) net.Addr
	be   func(ctx context.Context, c net.Conn, f *foe)
}

func rtmpDoor(h *house) net.Addr   { return tcp(h.rtmp) }
func httpDoor(h *house) net.Addr   { return tcp(h.http) }
func webrtcDoor(h *house) net.Addr { return net.UDPAddrFromAddrPort(netip.MustParseAddrPort(h.webrtc)) }

func tcp(address string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address)) }

var foeKinds = []foeKind{
	{"rtmpGarbage", rtmpDoor, func(_ context.Context, c net.Conn, f *foe) { speak(c, noise(1000+f.number*7)) }},
	{"rtmpSilent", rtmpDoor, func(_ context.Context, c net.Conn, _ *foe) { speak(c, nil) }},
	{"rtmpHalfHandshake", rtmpDoor, func(_ context.Context, c net.Conn, f *foe) { speak(c, append([]byte{3}, noise(f.number%1536)...)) }},
	{"rtmpSlow", rtmpDoor, func(ctx context.Context, c net.Conn, _ *foe) { drip(ctx, c, append([]byte{3}, noise(1536)...)) }},
	{"rtmpGiantMessage", rtmpDoor, func(_ context.Context, c net.Conn, f *foe) {
		greeted(c, []byte{4, 0, 0, 0, 0xff, 0xff, 0xff, []byte{8, 9, 18, 20}[f.number%4], 1, 0, 0, 0}, noise(4096))
	}},
	{"rtmpGiantChunks", rtmpDoor, func(_ context.Context, c net.Conn, _ *foe) {
		greeted(c, []byte{2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff}, []byte{6, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0}, noise(60000))
	}},
	{"rtmpManyMessages", rtmpDoor, func(_ context.Context, c net.Conn, _ *foe) {
		var all []byte
		for id := byte(3); id < 64; id++ {
			all = append(append(all, id, 0, 0, 0, 0, 0xff, 0xff, 20, 0, 0, 0, 0), noise(128)...)
		}
		greeted(c, all)
	}},
	{"rtmpGarbageAfterHandshake", rtmpDoor, func(_ context.Context, c net.Conn, f *foe) { greeted(c, noise(500+f.number*5)) }},
	{"httpGarbage", httpDoor, func(_ context.Context, c net.Conn, f *foe) { speak(c, noise(500+f.number*7)) }},
	{"httpSlowHeader", httpDoor, func(ctx context.Context, c net.Conn, _ *foe) {
		drip(ctx, c, []byte("GET /live/show/v0/index.m3u8 HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 10000)))
	}},
	{"httpSlowReader", httpDoor, func(ctx context.Context, c net.Conn, _ *foe) {
		_ = c.(*net.TCPConn).SetReadBuffer(4096)
		for ctx.Err() == nil { // it asks, and reads nothing, until nothing more can be written
			if _, err := io.WriteString(c, strings.Repeat("GET /live/show/v0/index.m3u8 HTTP/1.1\r\nHost: x\r\n\r\n", 100)); err != nil {
				return
			}
		}
	}},
	{"httpHeld", httpDoor, func(_ context.Context, c net.Conn, _ *foe) {
		speak(c, []byte("GET /live/show/v0/index.m3u8?_HLS_msn=3 HTTP/1.1\r\nHost: x\r\n\r\n"))
	}},
	{"httpQueries", httpDoor, func(ctx context.Context, c net.Conn, _ *foe) {
		queries(ctx, c, "_HLS_msn=-1", "_HLS_msn=99999999999999999999", "_HLS_msn=18446744073709551615&_HLS_part=1", "_HLS_part=2",
			"_HLS_msn=0&_HLS_part=4294967296", "_HLS_skip=YES&_HLS_skip=v2", "_HLS_msn=%00", strings.Repeat("a=b&", 2000))
	}},
	{"httpNames", httpDoor, func(ctx context.Context, c net.Conn, _ *foe) {
		asks(ctx, c, "/live/%2e%2e/index.m3u8", "/live/show/v0/0/s1.m4s", "/live/show/v99999999999/index.m3u8", "/live/"+strings.Repeat("x", 5000)+"/index.m3u8",
			"/live/show/v0/1/s99999999999999999999.0.m4s", "/api/v1/streams/"+strings.Repeat("%2f", 500))
	}},
	{"whipGarbage", httpDoor, func(ctx context.Context, c net.Conn, f *foe) {
		sdp := noise(2000)
		speak(c, append(fmt.Appendf(nil, "POST /whip/show HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %x\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n",
			noise(16), len(sdp)), sdp...))
	}},
	{"whipSlowBody", httpDoor, func(ctx context.Context, c net.Conn, _ *foe) {
		_, _ = io.WriteString(c, "POST /whip/show HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\nContent-Length: 1000000000\r\n\r\n")
		drip(ctx, c, noise(100000))
	}},
	{"webrtcGarbage", webrtcDoor, func(ctx context.Context, c net.Conn, f *foe) {
		go io.Copy(io.Discard, c)
		for n := f.number; ; n++ {
			b := noise(1200)
			copy(b, [][]byte{nil, {0, 1, 4, 0x9c, 0x21, 0x12, 0xa4, 0x42}, {22, 0xfe, 0xfd}, {0x80, 96}}[n%4]) // nothing, STUN, DTLS, RTP
			if _, err := c.Write(b); err != nil || pass(ctx, time.Second/10) != nil {
				return
			}
		}
	}},
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	return b
}

// speak sends, and reads until the end.
func speak(c net.Conn, b []byte) {
	if _, err := c.Write(b); err == nil {
		_, _ = io.Copy(io.Discard, c)
	}
}

// drip sends ten bytes a second.
func drip(ctx context.Context, c net.Conn, b []byte) {
	go io.Copy(io.Discard, c)
	for i := range b {
		if _, err := c.Write(b[i : i+1]); err != nil || pass(ctx, time.Second/10) != nil {
			return
		}
	}
}

// greeted sends after an RTMP handshake.
func greeted(c net.Conn, parts ...[]byte) {
	if _, _, err := handshake.DoClient(bytecounter.NewReadWriter(c), false, false); err != nil {
		return
	}
	var all []byte
	for _, b := range parts {
		all = append(all, b...)
	}
	speak(c, all)
}

// queries asks for the playlist with each query, over and over.
func queries(ctx context.Context, c net.Conn, all ...string) {
	var paths []string
	for _, q := range all {
		paths = append(paths, "/live/show/v0/index.m3u8?"+q)
	}
	asks(ctx, c, paths...)
}

// asks asks for each path, ten a second, over and over.
func asks(ctx context.Context, c net.Conn, paths ...string) {
	go io.Copy(io.Discard, c)
	for n := 0; ; n++ {
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[n%len(paths)]); err != nil || pass(ctx, time.Second/10) != nil {
			return
		}
	}
}
