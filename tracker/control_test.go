package tracker

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/store"
)

// set changes the control of the stream demo.
func (w *world) set(change func(*Control)) {
	w.t.Helper()
	c := w.tracker.ControlOf("demo")
	change(&c)
	if err := w.tracker.SetControl("demo", c); err != nil {
		w.t.Fatal(err)
	}
}

// latest returns the last Control and the last Roster among what has come, and in which order they came.
func (v *testViewer) latest() (c *wire.Control, r *wire.Roster, order string) {
	time.Sleep(pause) // what comes within one goes together
	synctest.Wait()
	for len(v.got) > 0 {
		b := <-v.got
		switch wire.MessageType(b[0]) {
		case wire.TypeControl:
			m, _ := wire.ParseControl(b)
			c, order = &m, order+"c"
		case wire.TypeRoster:
			m, _ := wire.ParseRoster(b)
			r, order = &m, order+"r"
		case wire.TypeDelta:
			order += "d"
		}
	}
	return c, r, order
}

func TestKillSwitch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		var viewers []*testViewer
		for range 5 {
			viewers = append(viewers, w.join("demo"))
		}
		other := w.join("other")
		time.Sleep(time.Second) // until all have been told of all
		for _, v := range viewers {
			v.latest()
		}
		off := time.Now()
		w.set(func(c *Control) { c.P2P = false })
		for i, v := range viewers {
			if c, _, order := v.latest(); order != "c" || c.Flags != wire.Off {
				t.Errorf("viewer %d was told %q, want that P2P is off and nothing else", i, order)
			}
		}
		if took := time.Since(off); took > 2*time.Second {
			t.Errorf("told after %v", took)
		}
		if s := w.tracker.Streams()[0]; s.Viewers != 5 || s.Outside != 5 || s.Cells != 0 || s.Control.P2P {
			t.Errorf("%+v", s)
		}
		viewers[0].send(signalTo(viewers[1].id, "hello")) // nobody is introduced any more
		viewers[1].send(wire.Update{Flags: wire.MayUpload | wire.Ready, Weight: 7}.Append(nil))
		viewers[2].send(wire.Leave{}.Append(nil))
		late := w.open()
		late.send(w.joinMessage("demo"))
		if c, r, _ := late.latest(); c == nil || c.Flags != wire.Off || r != nil {
			t.Errorf("who joins now is told %+v and %+v", c, r)
		}
		again := w.open() // the first viewer, on another socket
		again.send(wire.Join{Flags: wire.MayUpload, Weight: 100, Secret: secret(1), Stream: "demo"}.Append(nil))
		if c, r, _ := again.latest(); c == nil || c.Flags != wire.Off || r != nil {
			t.Errorf("who comes back is told %+v and %+v", c, r)
		}
		for _, v := range viewers[1:] {
			if _, _, order := v.latest(); order != "" {
				t.Errorf("told %q though P2P is off", order)
			}
		}
		w.set(func(c *Control) { c.P2P = true })
		time.Sleep(tick)
		for _, v := range []*testViewer{again, viewers[1], viewers[3], viewers[4], late} {
			c, r, order := v.latest()
			if c == nil || c.Flags != 0 || r == nil || len(r.Members) != 5 || order != "cr" {
				t.Fatalf("on again: told %q, %+v and %+v", order, c, r)
			}
			for _, m := range r.Members {
				if m.Flags != wire.MayUpload {
					t.Errorf("%d has flags %b, and no links yet", m.ID, m.Flags)
				}
				if m.ID == viewers[1].id && m.Weight != 7 {
					t.Errorf("what was said while P2P was off is forgotten: %+v", m)
				}
			}
		}
		other.silent()
		if n := len(w.tracker.controls.set); n != 0 {
			t.Errorf("%d controls are kept that are as by default", n)
		}
	})
}

// TestOnAgainIsNoFlashCrowd: however many wait, only so many enter in each tick.
func TestOnAgainIsNoFlashCrowd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const viewers = 1000
		w := newWorld(t, Config{JoinBurst: viewers, ViewersPerAddress: viewers})
		w.set(func(c *Control) { c.P2P = false })
		for range viewers {
			v, _, err := w.dial(nil)
			if err != nil {
				t.Fatal(err)
			}
			v.got = make(chan []byte, 100)
			v.read()
			v.send(w.joinMessage("demo"))
		}
		synctest.Wait()
		began, most, before := time.Now(), 0, 0
		w.set(func(c *Control) { c.P2P = true })
		for time.Sleep(tick / 2); ; time.Sleep(tick) { // between two ticks
			s := w.tracker.Streams()[0]
			in := s.Viewers - s.Outside
			most, before = max(most, in-before), in
			if in == viewers {
				break
			}
		}
		if took := time.Since(began); most > letInEach || took > 2*time.Second {
			t.Errorf("%d entered in %v, %d at once", viewers, took, most)
		}
		if o := &w.tracker.streams["demo"].outside; o.members != nil || o.waiting != nil {
			t.Errorf("%d are kept outside, %d wait", len(o.members), len(o.waiting))
		}
	})
}

// TestShareOnlyAdds: who is in the swarm at some share is in it at every larger one, and half of the viewers at a half.
func TestShareOnlyAdds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		w.set(func(c *Control) { c.Share = 0 })
		var viewers []*testViewer
		for range 200 {
			v := w.open()
			v.send(w.joinMessage("demo"))
			viewers = append(viewers, v)
		}
		synctest.Wait()
		before := map[wire.ViewerID]bool{}
		for _, share := range []float64{0, 0.1, 0.3, 0.5, 0.9, 1} {
			w.set(func(c *Control) { c.Share = share })
			time.Sleep(2 * tick)
			synctest.Wait()
			in := map[wire.ViewerID]bool{}
			s := w.tracker.streams["demo"]
			for id := range s.viewers {
				if _, ok := s.keeper.swarm.Member(id); ok {
					in[id] = true
				}
			}
			for id := range before {
				if !in[id] {
					t.Errorf("share %v: a viewer is out that was in", share)
				}
			}
			if n := float64(len(in)); math.Abs(n-200*share) > 25 || share == 1 && n != 200 || share == 0 && n != 0 {
				t.Errorf("share %v: %v of 200 are in", share, n)
			}
			before = in
		}
		w.set(func(c *Control) { c.Share = 0.5 })
		out := 0
		for _, v := range viewers {
			if c, _, _ := v.latest(); c != nil && c.Flags&wire.Off != 0 {
				out++
			}
		}
		if s := w.tracker.Streams()[0]; out != s.Outside || math.Abs(float64(out)-100) > 25 {
			t.Errorf("%d were told to be out, %d are", out, s.Outside)
		}
	})
}

// TestASlowViewerIsTurnedOff: one that has not read for long is told nothing but that P2P is off.
func TestASlowViewerIsTurnedOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{CellGap: time.Nanosecond, MessagesPerSecond: 1e6, MessageBurst: 1e6})
		slow, other := w.joinSlow()
		for i := range 2 * maxQueued {
			other.send(wire.Update{Weight: uint16(i)}.Append(nil))
			time.Sleep(time.Millisecond)
		}
		for range 3 {
			w.set(func(c *Control) { c.P2P = false })
			w.set(func(c *Control) { c.P2P = true; c.MaxUploadKbps += 100 })
		}
		w.set(func(c *Control) { c.P2P = false })
		slow.read()
		slow.next() // the Welcome that was being written
		slow.next() // and the Roster, in one go
		if c, r, order := slow.latest(); order != "c" || c.Flags != wire.Off || c.Most != 30 || r != nil {
			t.Errorf("told %q: %+v", order, c)
		}
		w.set(func(c *Control) { c.P2P = true })
		time.Sleep(tick)
		if _, r, order := slow.latest(); order != "cr" || len(r.Members) != 2 {
			t.Errorf("on again: told %q: %+v", order, r)
		}
	})
}

func TestCellsAndUploadAreControlled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		w.set(func(c *Control) { c.CellSize, c.Roots, c.MaxUploadKbps = 4, 1, 2500 })
		var viewers []*testViewer
		for range 8 {
			v := w.open()
			v.send(w.joinMessage("demo"))
			if c, _, order := v.latest(); !strings.HasPrefix(order, "cr") || *c != (wire.Control{Most: 250}) {
				t.Fatalf("told %q and %+v", order, c)
			}
			viewers = append(viewers, v)
		}
		if s := w.tracker.Streams()[0]; s.Cells < 2 || s.Roots != 1 {
			t.Errorf("%+v", s)
		}
		w.set(func(c *Control) { c.CellSize, c.Roots = 32, 24 })
		if s := w.tracker.Streams()[0]; s.Cells != 1 || s.Roots != 1 {
			t.Errorf("%+v", s)
		}
		w.set(func(c *Control) { c.MaxUploadKbps = 0 })
		for _, v := range viewers {
			if c, r, _ := v.latest(); c == nil || *c != (wire.Control{}) || r != nil && r.Depth != 0 {
				t.Errorf("told %+v and %+v", c, r)
			}
		}
	})
}

func TestControlsAreBounded(t *testing.T) {
	w, err := New(Config{MaxStreams: 2})
	if err != nil {
		t.Fatal(err)
	}
	few, off := w.ControlOf("a"), w.ControlOf("a")
	few.Share, off.P2P = 0.5, false
	for name, want := range map[string]error{"": ErrName, "no/name": ErrName, strings.Repeat("x", 65): ErrName} {
		if err := w.SetControl(name, few); !errors.Is(err, want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"a", "b", "a"} {
		if err := w.SetControl(name, few); err != nil {
			t.Error(err)
		}
	}
	if err := w.SetControl("c", few); err != ErrControls {
		t.Errorf("a third control: %v", err)
	}
	if err := w.SetControl("d", off); err != nil || w.ControlOf("d").P2P {
		t.Errorf("the kill switch: %v", err)
	}
	if err := w.SetControl("c", w.ControlOf("e")); err != nil {
		t.Errorf("what is as by default needs no room: %v", err)
	}
	for _, name := range []string{"a", "d"} {
		if err := w.SetControl(name, w.ControlOf("e")); err != nil {
			t.Error(err)
		}
	}
	if err := w.SetControl("c", few); err != nil {
		t.Errorf("room was made: %v", err)
	}
}

// TestWhatIsNotSetIsAsTheFlagsHaveIt: trackers that are started anew with other flags know what was set, and no more.
func TestWhatIsNotSetIsAsTheFlagsHaveIt(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	meet := store.NewMemory()
	before, after := newControls(&Config{CellSize: 32, Roots: 24, MaxStreams: 10, Store: meet}), newControls(&Config{CellSize: 16, Roots: 8, MaxStreams: 10, Store: meet})
	for name, change := range map[string]func(*Control) error{
		"off and on": func(c *Control) error { c.P2P = true; return nil },
		"off":        func(c *Control) error { c.P2P = false; return nil },
		"few":        func(c *Control) error { c.Share, c.Roots = 0.25, 2; return nil },
	} {
		if _, err := before.change(now, name, func(c *Control) error { c.P2P = false; return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := before.change(now, name, func(c *Control) error { c.P2P = true; return change(c) }); err != nil {
			t.Fatal(err)
		}
	}
	_, notes, _ := before.learn(now, nil)
	if _, lacks, _ := after.learn(now, notes); len(lacks) != 0 {
		t.Errorf("it would write %+v", lacks)
	}
	for name, want := range map[string]Control{
		"off and on": {P2P: true, Share: 1, CellSize: 16, Roots: 8},
		"off":        {Share: 1, CellSize: 16, Roots: 8},
		"few":        {P2P: true, Share: 0.25, CellSize: 16, Roots: 2},
	} {
		if got := after.of(name); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestControlsByHTTP(t *testing.T) {
	w, err := New(Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	api := w.Controls()
	const plain = `{"name":"demo","p2p":true,"share":1,"cellSize":32,"roots":24,"maxUploadKbps":0,"viewers":0}`
	for _, c := range []struct {
		name, method, path, body string
		header                   http.Header
		status                   int
		answer                   string // its beginning
	}{
		{"as by default", "GET", "demo", "", nil, 200, plain},
		{"no name", "GET", "a%20b", "", nil, 400, "tracker: a stream's name is"},
		{"change one", "PATCH", "demo", `{"p2p":false}`, nil, 200, `{"name":"demo","p2p":false,"share":1,`},
		{"change another", "PATCH", "demo", `{"share":0.25,"maxUploadKbps":3000}`, nil, 200, `{"name":"demo","p2p":false,"share":0.25,"cellSize":32,"roots":24,"maxUploadKbps":3000,"viewers":0}`},
		{"nothing", "PATCH", "demo", `{}`, nil, 200, `{"name":"demo","p2p":false,"share":0.25,`},
		{"all", "GET", "", "", nil, 200, `{"defaults":{"p2p":true,"share":1,"cellSize":32,"roots":24,"maxUploadKbps":0},"controls":[{"name":"demo","p2p":false,`},
		{"put", "PUT", "demo", `{"roots":3}`, nil, 200, `{"name":"demo","p2p":true,"share":1,"cellSize":32,"roots":3,"maxUploadKbps":0,"viewers":0}`},
		{"put what was answered", "PUT", "demo", plain, nil, 200, plain},
		{"share", "PATCH", "demo", `{"share":1.5}`, nil, 400, "tracker: bad control: share 1.5: choose 0 to 1"},
		{"share below", "PATCH", "demo", `{"share":-0.1}`, nil, 400, "tracker: bad control: share"},
		{"cell size", "PATCH", "demo", `{"cellSize":65}`, nil, 400, "tracker: bad control: cell size 65: choose 2 to 64"},
		{"roots", "PATCH", "demo", `{"roots":0}`, nil, 400, "tracker: bad control: 0 roots: choose 1 to"},
		{"upload", "PATCH", "demo", `{"maxUploadKbps":5}`, nil, 400, "tracker: bad control: upload of 5 kbit/s: choose 10 to 655350, or 0"},
		{"unknown", "PATCH", "demo", `{"cellsize2":3}`, nil, 400, "tracker: bad control: unknown field"},
		{"of another kind", "PATCH", "demo", `{"p2p":"off"}`, nil, 400, "tracker: bad control: cannot unmarshal"},
		{"no object", "PUT", "demo", `off`, nil, 400, "tracker: bad control: invalid"},
		{"empty", "PUT", "demo", ``, nil, 400, "tracker: bad control"},
		{"two objects", "PUT", "demo", `{}{}`, nil, 400, "tracker: bad control: something follows"},
		{"too long", "PUT", "demo", `{` + strings.Repeat(" ", maxControl) + `}`, nil, 413, "want at most"},
		{"a bad name", "PUT", "a.b", `{}`, nil, 400, "tracker: a stream's name"},
		{"a form", "PUT", "demo", `{"p2p":false}`, http.Header{"Content-Type": {"text/plain"}}, 415, "want Content-Type"},
		{"no type", "PUT", "demo", `{"p2p":false}`, http.Header{"Content-Type": {""}}, 415, "want Content-Type"},
		{"a page elsewhere", "PUT", "demo", `{"p2p":false}`, http.Header{"Origin": {"https://evil.example"}}, 403, "web pages"},
		{"a page that has our name", "PUT", "demo", `{"p2p":false}`, http.Header{"Origin": {"http://example.com"}}, 403, "web pages"},
		{"a page without a name", "PATCH", "demo", `{"p2p":false}`, http.Header{"Origin": {"null"}}, 403, "web pages"},
		{"post", "POST", "demo", `{"p2p":false}`, nil, 405, ""},
		{"delete", "DELETE", "demo", "", nil, 405, ""},
		{"after all that", "GET", "demo", "", nil, 200, plain},
	} {
		r := httptest.NewRequest(c.method, strings.TrimSuffix("/api/v1/control/"+c.path, "/"), strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		for name, values := range c.header {
			r.Header[name] = values
		}
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, r)
		if body := answer.Body.String(); answer.Code != c.status || !strings.HasPrefix(body, c.answer) {
			t.Errorf("%s: %d %s", c.name, answer.Code, body)
		}
	}
}

// FuzzControl: whatever is sent, what is kept is within bounds and reads as it was answered.
func FuzzControl(f *testing.F) {
	f.Add([]byte(`{"p2p":true,"share":0.5,"cellSize":32,"roots":24,"maxUploadKbps":0}`))
	f.Add([]byte(`{"share":1e309}`))
	f.Add([]byte(`{"roots":-1}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		was := Control{P2P: true, Share: 1, CellSize: 32, Roots: 24}
		c := was
		if readControl(b, &c) != nil {
			if c != was {
				t.Fatalf("what is wrong changed %+v", c)
			}
			return
		}
		if c.validate() != nil {
			return
		}
		again, err := json.Marshal(c)
		back := Control{}
		if err != nil || readControl(again, &back) != nil || back != c || !(c.Share >= 0 && c.Share <= 1) {
			t.Fatalf("%s reads as %+v and again as %+v: %v", b, c, back, err)
		}
		if m, _ := c.message(1); int(m.Most) != c.MaxUploadKbps/uploadUnit {
			t.Fatalf("%d kbit/s are told as %d", c.MaxUploadKbps, m.Most)
		}
	})
}
