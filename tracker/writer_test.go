package tracker

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
)

// counted is a connection that counts its writes.
type counted struct {
	net.Conn
	writes *atomic.Int64
}

func (c counted) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// joinCounted joins over a connection whose writes by the tracker are counted.
func (w *world) joinCounted(stream string) (*testViewer, *atomic.Int64) {
	w.t.Helper()
	writes := new(atomic.Int64)
	w.wrap = func(c net.Conn) net.Conn { return counted{c, writes} }
	defer func() { w.wrap = nil }()
	return w.join(stream), writes
}

func TestWritesAreCoalesced(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{CellGap: time.Hour})
		a, writes := w.joinCounted("demo")
		if n := writes.Load(); n != 2 {
			t.Errorf("a join takes %d writes, want one for the handshake and one for Welcome and Roster", n)
		}
		b := w.join("demo")
		time.Sleep(time.Second)
		before := writes.Load()
		const signals = 50
		began := time.Now()
		for i := range signals {
			b.send(signalTo(a.id, fmt.Sprint(i)))
		}
		a.nextDelta()
		for i := range signals {
			if s := a.nextSignal(); string(s.Payload) != "\x01"+fmt.Sprint(i) {
				t.Fatalf("signal %d is %q", i, s.Payload)
			}
			if took := time.Since(began); i == 0 && took != 0 {
				t.Errorf("who has heard nothing for a while waits %v for a signal", took)
			}
		}
		if took := time.Since(began); took > pause {
			t.Errorf("the last signal came after %v, want %v at most", took, pause)
		}
		if n := writes.Load() - before; n > 3 {
			t.Errorf("%d signals at once took %d writes", signals, n)
		}
	})
}

func TestAGoodbyeDoesNotWait(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		v := w.join("demo") // it was written to at this moment
		began := time.Now()
		v.send([]byte{byte(wire.TypeBeacon)})
		if r, code := v.refused(); r.Reason != wire.RefusedMessage || code != websocket.ClosePolicyViolation {
			t.Errorf("%+v, %d", r, code)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("refused after %v", took)
		}
	})
}

func TestWhatIsHeldIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{CellGap: time.Hour, MessagesPerSecond: 1e6, MessageBurst: 1e6})
		slow, _, err := w.dial(nil)
		if err != nil {
			t.Fatal(err)
		}
		slow.send(w.joinMessage("demo"))
		synctest.Wait()
		other := w.join("demo")
		for _, m := range other.roster.Members {
			for i := 0; m.ID != other.id && i < 2*maxQueued; i++ {
				other.send(signalTo(m.ID, "offer"))
			}
		}
		synctest.Wait()
		w.tracker.mu.Lock()
		s := w.tracker.streams["demo"]
		w.tracker.mu.Unlock()
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, v := range s.viewers {
			v.mu.Lock()
			if len(v.queue.waiting) > maxQueued || v.queue.bytes > maxQueuedBytes {
				t.Errorf("%d messages, %d bytes wait", len(v.queue.waiting), v.queue.bytes)
			}
			v.mu.Unlock()
		}
	})
}

func TestFrames(t *testing.T) {
	for _, c := range []struct {
		kind   kind
		n      int
		header []byte
	}{
		{signal, 0, []byte{0x82, 0}},
		{roster, 125, []byte{0x82, 125}},
		{delta, 126, []byte{0x82, 126, 0, 126}},
		{bridges, 1<<16 - 1, []byte{0x82, 126, 0xff, 0xff}},
		{welcome, 1 << 16, []byte{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}},
		{refusal, 2, []byte{0x82, 2}},
		{closing, 2, []byte{0x88, 2}},
		{ping, 0, []byte{0x89, 0}},
		{pong, 4, []byte{0x8a, 4}},
	} {
		message := bytes.Repeat([]byte{0x5a}, c.n)
		if got := appendFrame([]byte{1}, outgoing{kind: c.kind, b: message}); !bytes.Equal(got, slices.Concat([]byte{1}, c.header, message)) {
			t.Errorf("kind %d, %d bytes: the frame begins %x", c.kind, c.n, got[1:min(len(got), 12)])
		}
	}
}
