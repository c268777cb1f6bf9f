package tracker

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus/testutil"
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

// connected returns the two ends of a connection of the system's, the first as the tracker has it.
func connected(t *testing.T) (*socket, *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	there, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	here, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { here.Close(); there.Close() })
	return newSocket(here), there.(*net.TCPConn)
}

// TestOneSlowWriteIsForgiven: the deadline of a write that did not go at once is its own, not that of the writes behind it.
func TestOneSlowWriteIsForgiven(t *testing.T) {
	s, _ := connected(t)
	s.within = -time.Second // over before it begins
	if err := s.finish([]byte("late")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("a write without end:", err)
	}
	next := &output{b: []byte("next")}
	next.put = next.write
	if done, err := s.try(next); !done || err != nil {
		t.Error("the next write:", done, err)
	}
}

// TestLingeringIsBounded: neither a message that has begun nor one without end holds a socket at its end.
func TestLingeringIsBounded(t *testing.T) {
	s, _ := connected(t)
	s.hurry()
	began := time.Now()
	s.linger(20*time.Millisecond, 1<<20)
	if _, err := io.Copy(io.Discard, s); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) > messageWithin/2 {
		t.Errorf("lingered %v, %v", time.Since(began), err)
	}

	s, viewer := connected(t)
	go io.Copy(viewer, endless{})
	const most = 64 << 10
	s.linger(time.Minute, most)
	if n, err := io.Copy(io.Discard, s); err != nil || n < most || n > most+readBuffer {
		t.Errorf("read %d bytes, %v, want about %d", n, err, most)
	}
}

// endless is what goes on without end.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// TestEmptyFramesAreBounded: a message in pieces may have so many of them, and no more, and they cost what they take to read.
func TestEmptyFramesAreBounded(t *testing.T) {
	const piece = 6
	begin, empty, end := []byte{0x02, 0x80, 0, 0, 0, 0}, []byte{0x00, 0x80, 0, 0, 0, 0}, []byte{0x80, 0x80 | 2, 0, 0, 0, 0, byte(wire.TypeBeacon) | 0x20, 0}
	t.Run("without end", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, Config{})
			v := w.join("demo")
			conn := v.conn.NetConn()
			conn.Write(begin)
			taken := 0
			for ; taken < 1<<20; taken += piece {
				if _, err := conn.Write(empty); err != nil {
					break
				}
			}
			if taken > mostHurried+mostLingering+readBuffer {
				t.Fatalf("%d bytes of empty frames were taken", taken)
			}
			if r, code := v.refused(); r.Reason != wire.RefusedMessage || code != websocket.ClosePolicyViolation {
				t.Errorf("refused with %+v, code %d", r, code)
			}
		})
	})
	t.Run("with an end", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, Config{MessagesPerSecond: 1, MessageBurst: 30})
			v := w.join("demo")
			conn := v.conn.NetConn()
			long := slices.Concat(begin, bytes.Repeat(empty, 20<<10/piece), end)
			for _, throttled := range []float64{0, 1} {
				if _, err := conn.Write(long); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if n := testutil.ToFloat64(w.tracker.metrics.throttled); n != throttled {
					t.Errorf("%d bytes for one message: read slower %v times, want %v", len(long), n, throttled)
				}
			}
		})
	})
}

// TestTheAnswerToACloseIsLast: it comes behind what was being written, and behind what waited.
func TestTheAnswerToACloseIsLast(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		slow, other := w.joinSlow()
		for _, m := range other.roster.Members {
			if m.ID != other.id {
				other.send(signalTo(m.ID, "offer"))
			}
		}
		time.Sleep(time.Second)
		slow.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), time.Now().Add(time.Second))
		synctest.Wait()
		slow.read()
		var got []wire.MessageType
		for b := range slow.got {
			got = append(got, wire.MessageType(b[0]))
		}
		if want := []wire.MessageType{wire.TypeWelcome, wire.TypeRoster, wire.TypeDelta, wire.TypeSignalled}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if !websocket.IsCloseError(slow.closed, websocket.CloseGoingAway) {
			t.Errorf("then %v, want the answer to the close", slow.closed)
		}
	})
}

// TestBrokenFramesAreRefused: what the WebSocket objects to is answered by us, in order.
func TestBrokenFramesAreRefused(t *testing.T) {
	for name, frame := range map[string][]byte{
		"no such opcode":  {0x83, 0x80, 1, 2, 3, 4},
		"not masked":      {0x82, 1, 2},
		"a close of code": {0x88, 0x82, 0, 0, 0, 0, 0, 5},
		"a long ping":     {0x89, 0xfe, 0, 200, 0, 0, 0, 0},
	} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, Config{})
			v := w.join("demo")
			v.conn.NetConn().Write(frame)
			if r, code := v.refused(); r.Reason != wire.RefusedMessage || code != websocket.ClosePolicyViolation {
				t.Errorf("%s: %+v, code %d", name, r, code)
			}
			if n := testutil.ToFloat64(w.tracker.metrics.refusals.WithLabelValues("message")); n != 1 {
				t.Errorf("%s: %v refusals counted", name, n)
			}
		})
	}
}
