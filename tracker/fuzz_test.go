package tracker

import (
	"bytes"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
)

// FuzzMessages sends a socket whatever comes to mind. The tracker lives on and serves others.
func FuzzMessages(f *testing.F) {
	join := wire.Join{Flags: 1, Weight: 1, Secret: secret(1 << 30), Stream: "demo"}.Append(nil)
	list := func(messages ...[]byte) (b []byte) { // each after its length
		for _, m := range messages {
			b = append(append(b, byte(len(m))), m...)
		}
		return b
	}
	f.Add(list(join))
	f.Add(list(join, wire.Update{Flags: 9, Weight: 1}.Append(nil), someBeacon.Append(nil), wire.Leave{}.Append(nil)))
	f.Add(list(join, signalTo(1, "x"), join))
	f.Add(list([]byte{1}, []byte{}))
	w := newWorld(f, Config{JoinBurst: 1 << 30, MessageBurst: 1 << 30})
	w.secrets = 0x3c9a71d4 // one mutation of a seed's secret makes it 1, and takes the place of the viewer that has that
	good := w.join("demo")
	f.Fuzz(func(t *testing.T, b []byte) {
		v, _, err := w.dial(nil)
		if err != nil {
			t.Fatal(err)
		}
		v.read()
		for len(b) > 0 {
			n := min(int(b[0]), len(b)-1)
			if v.conn.WriteMessage(websocket.BinaryMessage, b[1:1+n]) != nil {
				break
			}
			b = b[1+n:]
		}
		v.conn.WriteMessage(websocket.CloseMessage, nil)
		v.reading.Wait()
		v.conn.Close()
		w.viewers = w.viewers[:1]
		if err := good.conn.WriteMessage(websocket.BinaryMessage, wire.Update{Flags: 2}.Append(nil)); err != nil {
			t.Fatal("the good viewer was cut off:", err)
		}
		for len(good.got) > 0 {
			if m := <-good.got; !bytes.Contains([]byte{0x42, 0x43, 0x44, 0x46}, m[:1]) {
				t.Fatalf("the good viewer got %x", m)
			}
		}
	})
}
