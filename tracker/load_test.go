package tracker

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// loadTracker runs a tracker on a real socket that lets everybody in.
func loadTracker(b *testing.B) *world {
	w := newWorld(b, Config{JoinsPerSecond: 1e6, JoinBurst: 1e6, MessagesPerSecond: 1e9, MessageBurst: 1e9})
	server := httptest.NewServer(w.tracker)
	b.Cleanup(server.Close)
	w.server.Addr = strings.TrimPrefix(server.URL, "http://")
	return w
}

// rawViewer joins with as little as possible on the viewer's side: no goroutine, no buffers.
func (w *world) rawViewer(b *testing.B) net.Conn {
	b.Helper()
	conn, err := net.Dial("tcp", w.server.Addr)
	if err != nil {
		b.Fatal(err)
	}
	io.WriteString(conn, "GET /tracker HTTP/1.1\r\nHost: tracker\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		b.Fatal(response, err)
	}
	conn.Write(masked(w.joinMessage("demo")))
	return conn
}

// masked returns a message of less than 126 bytes as a frame of a viewer, masked with zeros.
func masked(m []byte) []byte { return append([]byte{0x82, 0x80 | byte(len(m)), 0, 0, 0, 0}, m...) }

// awaitViewers waits until so many have joined, a minute at most.
func (w *world) awaitViewers(n int) {
	w.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for s := w.tracker.Streams(); len(s) == 0 || s[0].Viewers < n; s = w.tracker.Streams() {
		if time.Now().After(deadline) {
			w.t.Fatalf("after a minute not all of %d viewers have joined: %+v", n, s)
		}
		time.Sleep(time.Millisecond)
	}
}

// BenchmarkIdleViewers holds 2,000 viewers in cells and reports the memory of each: heap and stacks of the whole
// process, so the viewers' own sockets are counted too.
func BenchmarkIdleViewers(b *testing.B) {
	const viewers = 2000
	w := loadTracker(b)
	memory := func() float64 {
		runtime.GC()
		runtime.GC() // empties the pools too
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc + m.StackInuse)
	}
	for b.Loop() {
		before, began := memory(), time.Now()
		conns := make([]net.Conn, viewers)
		for i := range conns {
			conns[i] = w.rawViewer(b)
		}
		w.awaitViewers(viewers)
		took := time.Since(began)
		time.Sleep(4 * tick) // the last deltas
		b.ReportMetric((memory()-before)/viewers, "B/viewer")
		b.ReportMetric(viewers/took.Seconds(), "joins/s")
		for _, c := range conns {
			c.Close()
		}
	}
}

// nextKind reads past a tracker's next message, pings aside, and tells what it was.
func nextKind(r *bufio.Reader) (wire.MessageType, error) {
	for {
		var header [4]byte
		if _, err := io.ReadFull(r, header[:2]); err != nil {
			return 0, err
		}
		n := int(header[1])
		if n == 126 {
			io.ReadFull(r, header[2:])
			n = int(binary.BigEndian.Uint16(header[2:]))
		}
		if n == 0 {
			continue // a ping
		}
		kind, err := r.ReadByte()
		r.Discard(n - 1)
		return wire.MessageType(kind), err
	}
}

// BenchmarkSignals passes offers of 600 bytes from one viewer to another over real sockets.
func BenchmarkSignals(b *testing.B) {
	w := loadTracker(b)
	from, to := w.rawViewer(b), w.rawViewer(b)
	defer from.Close()
	defer to.Close()
	w.awaitViewers(2)
	toID := viewerID(secret(2))
	signal := wire.Signal{Type: wire.TypeSignal, Peer: toID, Payload: append([]byte{byte(wire.Offer)}, "v=0\r\n"+strings.Repeat("a=extmap-allow-mixed\r\n", 27)...)}.Append(nil)
	frame := append([]byte{0x82, 0x80 | 126}, binary.BigEndian.AppendUint16(nil, uint16(len(signal)))...)
	frame = append(append(frame, 0, 0, 0, 0), signal...)
	const window = 100 // on the way at once
	arrived := make(chan struct{}, window)
	go func() {
		r := bufio.NewReader(to)
		for {
			kind, err := nextKind(r)
			if err != nil {
				return
			}
			if kind == wire.TypeSignalled {
				arrived <- struct{}{}
			}
		}
	}()
	b.ReportAllocs()
	sent, got := 0, 0
	for b.Loop() {
		from.Write(frame)
		if sent++; sent-got == window {
			<-arrived
			got++
		}
	}
	for ; got < sent; got++ {
		<-arrived
	}
}
