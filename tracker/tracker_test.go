package tracker

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/shoal-live/shoal/swarm/wire"
)

func TestTwoViewersMeetAndPart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		a := w.join("demo")
		if a.id == 0 || a.welcome.BeaconSeconds != 10 || a.welcome.ICEServers != nil {
			t.Errorf("welcome %+v", a.welcome)
		}
		if r := a.roster; r.Version != 1 || len(r.Members) != 1 || r.Members[0] != (wire.Member{ID: a.id, Flags: wire.MayUpload, Weight: 100}) {
			t.Errorf("first roster %+v", r)
		}
		b := w.join("demo")
		if r := b.roster; r.Cell != a.roster.Cell || len(r.Members) != 2 {
			t.Errorf("second roster %+v", r)
		}
		d := a.nextDelta()
		if d.Version != 2 || len(d.Set) != 1 || d.Set[0].ID != b.id || d.Left != nil {
			t.Errorf("delta of the join %+v", d)
		}
		b.nextDelta() // its own arrival, under the version the others hold
		b.send(wire.Update{Flags: wire.MayUpload | wire.Ready, Weight: 50}.Append(nil))
		if d := a.nextDelta(); d.Version != 3 || d.Set[0] != (wire.Member{ID: b.id, Flags: wire.MayUpload | wire.Ready, Weight: 50}) {
			t.Errorf("delta of the update %+v", d)
		}
		b.send(wire.Leave{}.Append(nil))
		if d := a.nextDelta(); d.Version != 4 || d.Set != nil || !slices.Equal(d.Left, []wire.ViewerID{b.id}) {
			t.Errorf("delta of the leave %+v", d)
		}
		if _, code := b.refused(); code != websocket.CloseNormalClosure {
			t.Errorf("close code %d after Leave", code)
		}
		c := w.join("demo")
		a.nextDelta()
		c.conn.NetConn().Close() // without a word
		if d := a.nextDelta(); !slices.Equal(d.Left, []wire.ViewerID{c.id}) {
			t.Errorf("delta of the lost socket %+v", d)
		}
		if o := w.join("other"); len(o.roster.Members) != 1 {
			t.Errorf("viewers of two streams in one roster: %+v", o.roster)
		}
	})
}

func TestAViewerThatComesBackKeepsItsPlace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		a, b := w.join("demo"), w.join("demo")
		a.nextDelta()
		again := w.open()
		again.send(wire.Join{Flags: wire.MayUpload, Weight: 100, Secret: secret(2), Stream: "demo"}.Append(nil))
		again.welcomed()
		if again.id != b.id || len(again.roster.Members) != 2 || again.roster.Cell != b.roster.Cell {
			t.Errorf("came back as %d with %+v, was %d with %+v", again.id, again.roster, b.id, b.roster)
		}
		if _, code := b.refused(); code != websocket.ClosePolicyViolation {
			t.Errorf("the old socket was closed with %d", code)
		}
		if list := again.nextBridges(); len(list) != 0 { // it may remember some from before
			t.Errorf("bridges %+v", list)
		}
		a.silent() // its peers notice nothing, neither of the return nor of the old socket's end
		a.send(signalTo(b.id, "hello"))
		if s := again.nextSignal(); s.Peer != a.id {
			t.Errorf("signal %+v", s)
		}
		if s := w.tracker.Streams(); s[0].Viewers != 2 {
			t.Errorf("%d viewers, want 2", s[0].Viewers)
		}
	})
}

func TestViewerID(t *testing.T) {
	// SHA-256 of 000102030405060708090a0b0c0d0e0f begins be45cb2605bf36be.
	s := [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	if id := viewerID(s); id != 0xbe45cb2605bf36be {
		t.Errorf("viewer ID %x", id)
	}
}

func TestDeltasAreCoalesced(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		a := w.join("demo")
		for range 20 {
			w.join("demo")
		}
		d := a.nextDelta()
		if len(d.Set) != 20 {
			t.Errorf("the delta sets %d members, want 20 that joined within the gap", len(d.Set))
		}
		a.silent()
	})
}

func TestSignalsAreStampedAndStayInTheCell(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{CellSize: 2, CellGap: time.Hour})
		a, b, c := w.join("demo"), w.join("demo"), w.join("demo") // c has a cell of its own
		b.send(signalTo(a.id, "offer"))
		if d := a.nextDelta(); len(d.Set) != 1 || d.Set[0].ID != b.id {
			t.Errorf("delta %+v: the sender must be introduced before its signal", d)
		}
		if s := a.nextSignal(); s.Peer != b.id || string(s.Payload) != "\x01offer" {
			t.Errorf("signal %+v", s)
		}
		a.send(signalTo(b.id, "answer"))
		b.nextDelta()
		if s := b.nextSignal(); s.Peer != a.id || string(s.Payload) != "\x01answer" {
			t.Errorf("signal %+v", s)
		}

		forged := 0
		for _, to := range []wire.ViewerID{a.id, b.id, c.id, 0, 12345} {
			c.send(signalTo(to, "stranger")) // another's cell, itself, nobody
			forged++
		}
		c.send(wire.Signal{Type: wire.TypeSignalled, Peer: a.id, Payload: []byte("forged")}.Append(nil)) // not a viewer's word
		a.silent()
		b.silent()
		c.silent()
		if n := testutil.ToFloat64(w.tracker.metrics.strangers); int(n) != forged {
			t.Errorf("%v signals to strangers counted, want %d", n, forged)
		}
		if n := testutil.ToFloat64(w.tracker.metrics.signals); n != 2 {
			t.Errorf("%v signals counted, want 2", n)
		}
		if n := w.tracker.Streams()[0].Introductions; n != 2 {
			t.Errorf("%v offers counted, want 2", n)
		}
	})
}

func TestASlowViewerGetsTheRosterAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{CellGap: time.Nanosecond, MessagesPerSecond: 1e6, MessageBurst: 1e6})
		slow, other := w.joinSlow()
		dropped := func(what string) float64 {
			return testutil.ToFloat64(w.tracker.metrics.drops.WithLabelValues(what))
		}
		for i := range 2 * maxQueued {
			other.send(wire.Update{Weight: uint16(i)}.Append(nil))
			time.Sleep(time.Millisecond)
		}
		if dropped("delta") == 0 {
			t.Fatal("no delta was dropped")
		}
		var id wire.ViewerID
		for range 200 { // and signals, which find no room either
			s, _ := w.tracker.streams["demo"].keeper.swarm.Roster(other.id)
			for _, m := range s.Members {
				if m.ID != other.id {
					id = m.ID
				}
			}
			other.send(signalTo(id, string(make([]byte, 4000))))
		}
		synctest.Wait()
		if dropped("signal") == 0 {
			t.Fatal("no signal was dropped")
		}
		slow.read()
		slow.welcomed()
		last := slow.roster
		for b := slow.next(); b != nil; b = slow.next() {
			switch wire.MessageType(b[0]) {
			case wire.TypeRoster:
				last, _ = wire.ParseRoster(b)
			case wire.TypeDelta:
				d, _ := wire.ParseDelta(b)
				if d.Version != last.Version+1 {
					t.Fatalf("version %d after %d", d.Version, last.Version)
				}
				last.Version = d.Version
			}
		}
		want, _ := w.tracker.streams["demo"].keeper.swarm.Roster(id)
		if last.Version != want.Version || !slices.Equal(last.Members, want.Members) {
			t.Errorf("the slow viewer ends with %+v, want %+v", last, want)
		}
	})
}

func TestSilentViewersAreClosed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		alive := w.join("demo")
		dead, _, err := w.dial(nil)
		if err != nil {
			t.Fatal(err)
		}
		dead.conn.SetPingHandler(func(string) error { return nil })
		dead.read()
		dead.send(w.joinMessage("demo"))
		time.Sleep(pingEvery + deadAfter + time.Second)
		w.join("demo")
		if v := w.tracker.Streams()[0].Viewers; v != 2 {
			t.Errorf("%d viewers, want the living one and the new one", v)
		}
		if n := testutil.ToFloat64(w.tracker.metrics.dead); n != 1 {
			t.Errorf("%v dead viewers counted, want 1", n)
		}
		alive.send(wire.Update{}.Append(nil))
	})
}

func TestAMessageMustEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		v := w.join("demo")
		raw := v.conn.NetConn()
		raw.Write([]byte{0x02, 0x81, 0, 0, 0, 0, byte(wire.TypeBeacon)}) // binary, more to come
		for range 20 {
			time.Sleep(time.Second)
			if _, err := raw.Write([]byte{0x8a, 0x80, 0, 0, 0, 0}); err != nil { // a pong: still alive
				return
			}
		}
		t.Error("a message may take for ever")
	})
}

func TestAFloodIsReadSlowly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{MessagesPerSecond: 10, MessageBurst: 30})
		flood, good := w.join("demo"), w.join("demo")
		began := time.Now()
		for range 129 { // with the Join that is 100 over the burst
			flood.send(wire.Update{}.Append(nil))
		}
		synctest.Wait()
		if took := time.Since(began); took < 9*time.Second || took > 11*time.Second {
			t.Errorf("129 messages were read in %v, want about 10 s", took)
		}
		began = time.Now()
		good.send(signalTo(flood.id, "hello"))
		for s := flood.next(); s[0] != byte(wire.TypeSignalled); s = flood.next() {
		}
		if took := time.Since(began); took > 10*time.Millisecond {
			t.Errorf("a good viewer's signal took %v", took)
		}
		if testutil.ToFloat64(w.tracker.metrics.throttled) == 0 {
			t.Error("the flood was not counted")
		}
	})
}

func TestStreamsAreBoundedAndForgotten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{MaxStreams: 2})
		a, b := w.join("a"), w.join("b")
		c := w.open()
		c.send(w.joinMessage("c"))
		if r, _ := c.refused(); r.Reason != wire.RefusedBusy || r.RetryAfter == 0 {
			t.Errorf("third stream: %+v", r)
		}
		b.conn.Close()
		synctest.Wait()
		w.join("c") // b has no viewers and makes room
		if s := w.tracker.Streams(); len(s) != 2 || s[0].Name != "a" || s[1].Name != "c" {
			t.Errorf("streams %+v", s)
		}
		a.conn.Close()
		time.Sleep(keepStream + 2*retireEvery)
		if s := w.tracker.Streams(); len(s) != 1 || s[0].Name != "c" {
			t.Errorf("streams %+v, want a forgotten", s)
		}
	})
}

func TestStopClosesPolitely(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		joined, idle := w.join("demo"), w.open()
		mute, _, err := w.dial(nil) // reads nothing, ever
		if err != nil {
			t.Fatal(err)
		}
		mute.send(w.joinMessage("demo"))
		synctest.Wait()
		began := time.Now()
		w.stop()
		err = <-w.ended
		w.ended <- err
		if took := time.Since(began); err != nil || took > 3*time.Second {
			t.Errorf("Run returned %v after %v", err, took)
		}
		for _, v := range []*testViewer{joined, idle} {
			if _, code := v.refused(); code != websocket.CloseGoingAway {
				t.Errorf("close code %d, want going away", code)
			}
		}
		if w.tracker.Ready() == nil {
			t.Error("ready after Run")
		}
		if _, response, _ := w.dial(nil); response == nil || response.StatusCode != 503 {
			t.Errorf("a join after Run: %+v, want 503", response)
		}
	})
}
