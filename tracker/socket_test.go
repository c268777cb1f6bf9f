package tracker

import (
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
)

// The other tests have pipes. This one has the system's sockets, which are read and written without waiting.
func TestSocketsOfTheSystem(t *testing.T) {
	w := newWorld(t, Config{})
	server := httptest.NewServer(w.tracker)
	t.Cleanup(server.Close)
	join := func() *testViewer {
		t.Helper()
		conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+"/tracker", nil)
		if err != nil {
			t.Fatal(err)
		}
		v := &testViewer{t: t, conn: conn, got: make(chan []byte, 10000)}
		w.viewers = append(w.viewers, v)
		v.read()
		v.send(w.joinMessage("demo"))
		v.welcomed()
		return v
	}
	a, b := join(), join()
	if d := a.nextDelta(); len(d.Set) != 1 || d.Set[0].ID != b.id {
		t.Fatalf("delta %+v", d)
	}
	b.nextDelta()

	// More than goes into one write, or into the system's buffers at once.
	const signals = 300
	ponged := make(chan string, 10)
	b.conn.SetPongHandler(func(text string) error { ponged <- text; return nil })
	for i := range signals {
		b.send(signalTo(a.id, string(rune('a'+i%26))+strings.Repeat("x", 400)))
		if i%100 == 0 { // between messages, and as the last thing that is said for a while
			b.conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(time.Second))
		}
	}
	for i := range signals {
		if s := a.nextSignal(); s.Peer != b.id || s.Payload[1] != byte('a'+i%26) || len(s.Payload) != 402 {
			t.Fatalf("signal %d: %d bytes of %x", i, len(s.Payload), s.Peer)
		}
	}
	b.conn.WriteControl(websocket.PongMessage, nil, time.Now().Add(time.Second))
	for range 3 {
		if text := <-ponged; text != "ping" {
			t.Errorf("pong %q", text)
		}
	}
	// One byte after the other, control frames among them, each mask another.
	raw := b.conn.NetConn()
	raw.(*net.TCPConn).SetNoDelay(true)
	for _, c := range append([]byte{0x8a, 0x80, 1, 2, 3, 4, 0x89, 0x81, 9, 9, 9, 9, 'p' ^ 9}, maskedWith(7, signalTo(a.id, "slowly"))...) {
		raw.Write([]byte{c})
	}
	if s := a.nextSignal(); string(s.Payload) != "\x01slowly" {
		t.Errorf("signal %q", s.Payload)
	}
	if text := <-ponged; text != "p" {
		t.Errorf("pong %q", text)
	}
	b.send(wire.Leave{}.Append(nil))
	if d := a.nextDelta(); len(d.Left) != 1 {
		t.Errorf("delta %+v", d)
	}
	if _, code := b.refused(); code != websocket.CloseNormalClosure {
		t.Errorf("close code %d", code)
	}
}

// maskedWith returns a short message as a frame of a viewer.
func maskedWith(mask byte, m []byte) []byte {
	frame := []byte{0x82, 0x80 | byte(len(m)), mask, mask, mask, mask}
	for _, c := range m {
		frame = append(frame, c^mask)
	}
	return frame
}
