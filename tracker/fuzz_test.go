package tracker

import (
	"bytes"
	"encoding/hex"
	"os"
	"regexp"
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
	off := wire.Join{Flags: 1, Weight: 1, Secret: secret(1 << 29), Stream: "off"}.Append(nil)
	vectors, err := os.ReadFile("../swarm/wire/testdata/vectors.txt")
	if err != nil {
		f.Fatal(err)
	}
	types := map[byte]bool{}
	for _, v := range regexp.MustCompile(`(?m)^\S+ ([0-9a-f]+)$`).FindAllSubmatch(vectors, -1) { // every message there is: first, and after a Join
		b, err := hex.DecodeString(string(v[1]))
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 256 {
			types[b[0]] = true
			f.Add(list(b))
			f.Add(list(join, b))
			f.Add(list(off, b, b))
		}
	}
	for _, t := range []wire.MessageType{
		wire.TypeJoin, wire.TypeUpdate, wire.TypeSignal, wire.TypeBeacon, wire.TypeLeave, wire.TypeWelcome, wire.TypeRoster,
		wire.TypeDelta, wire.TypeSignalled, wire.TypeRefused, wire.TypeBridges, wire.TypeControl,
	} {
		if !types[byte(t)] {
			f.Errorf("no vector of type %#x", t)
		}
	}
	w := newWorld(f, Config{JoinBurst: 1 << 30, MessageBurst: 1 << 30})
	w.secrets = 0x3c9a71d4 // one mutation of a seed's secret makes it 1, and takes the place of the viewer that has that
	good := w.join("demo")
	if err := w.tracker.SetControl("off", Control{Share: 1, CellSize: 2, Roots: 1, MaxUploadKbps: 100}); err != nil {
		f.Fatal(err)
	}
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
