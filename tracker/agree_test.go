package tracker

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/tracker/store"
)

// What is set at one tracker holds at all, a store that was emptied or away notwithstanding.
func TestControlOfSeveralTrackers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 3, Config{})
		viewers := p.crowd(60)
		p.await(5*time.Second, viewers)
		off := func() (n int) {
			synctest.Wait()
			for _, f := range viewers {
				f.mu.Lock()
				if f.off {
					n++
				}
				f.mu.Unlock()
			}
			return n
		}
		set := func(at int, change func(*Control)) {
			c := p.worlds[at].tracker.ControlOf("demo")
			change(&c)
			if err := p.worlds[at].tracker.SetControl("demo", c); err != nil {
				t.Fatal(err)
			}
		}
		for at := range p.worlds {
			set(at, func(c *Control) { c.P2P = false })
			time.Sleep(2 * time.Second)
			if n := off(); n != 60 {
				t.Fatalf("2 s after P2P was turned off at tracker %d it is off for %d of 60 viewers", at, n)
			}
			set((at+1)%3, func(c *Control) { c.P2P = true })
			p.await(5*time.Second, viewers)
			if n := off(); n != 0 {
				t.Fatalf("turned on at another tracker, it is still off for %d", n)
			}
		}

		set(0, func(c *Control) { c.Share = 0.5 })
		time.Sleep(2 * time.Second)
		if n := off(); n < 15 || n > 45 {
			t.Errorf("of 60 viewers %d are out at a share of one half", n)
		}
		restarted := newWorld(t, Config{Store: p.meet})
		time.Sleep(2 * time.Second)
		if c := restarted.tracker.ControlOf("demo"); c.Share != 0.5 {
			t.Errorf("a tracker that has just started has %+v", c)
		}
		all := &restarted.tracker.controls
		if news, lacks, _ := all.learn(time.Now(), nil); len(news) != 0 || len(lacks) != 1 || lacks[0].Name != "demo" {
			t.Errorf("an empty store is news of %v and lacks %v", news, lacks)
		}
		for _, junk := range []store.Note{{Name: "demo", Stamp: 1 << 60, Text: "junk"}, {Name: "demo", Stamp: 1 << 60, Text: `{"share":2}`}, {Name: "no name", Stamp: 1}} {
			if news, _, _ := all.learn(time.Now(), []store.Note{junk}); len(news) != 0 {
				t.Errorf("%+v is taken", junk)
			}
		}

		set(0, func(c *Control) { c.Share = 1 })
		time.Sleep(2 * time.Second)
		if notes, err := p.meet.Notes(context.Background()); err != nil || len(notes) != 1 {
			t.Errorf("the store keeps %+v, %v", notes, err)
		}
	})
}

// While the store is away, what answers to controls says that they are one tracker's alone, and no longer.
func TestControlsWarnWhileTheStoreIsAway(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 2, Config{})
		admin := p.worlds[0].tracker.Controls()
		ask := func(method, path, body string) bool {
			w, r := httptest.NewRecorder(), httptest.NewRequest(method, controlPath+path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			admin.ServeHTTP(w, r)
			if w.Code != 200 {
				t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
			}
			return strings.Contains(w.Body.String(), `"warning":"`+notTold)
		}
		all := func() [3]bool {
			return [3]bool{ask("PATCH", "/demo", `{"p2p":false}`), ask("GET", "/demo", ""), ask("GET", "", "")}
		}
		time.Sleep(2 * time.Second)
		if all() != [3]bool{} {
			t.Error("with a store there are warnings")
		}
		p.ways[0].away.Store(true)
		if all() != [3]bool{true, true, true} {
			t.Error("without a store there is no warning")
		}
		if n := p.ways[0].faults.Load(); n == 0 {
			t.Error("no faults")
		}
		p.ways[0].away.Store(false)
		time.Sleep(failingFor + 3*time.Second)
		if all() != [3]bool{} {
			t.Error("with the store back there are warnings")
		}
	})
}

// A control that was set back to the default a week ago is nothing that trackers need to tell each other of.
func TestDefaultControlsAreForgotten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 2, Config{})
		ctx, text := context.Background(), `{"p2p":true,"share":1,"cellSize":32,"roots":24}`
		old := time.Now().Add(10*time.Second - keepDefaults).UnixMilli()
		notes := []store.Note{
			{Name: "back", Stamp: old, Text: text},
			{Name: "recent", Stamp: old + time.Hour.Milliseconds(), Text: text},
			{Name: "off", Stamp: old - time.Hour.Milliseconds(), Text: `{"p2p":false}`},
		}
		for at, w := range p.worlds { // who remembers an older control learns that it was set back
			all := &w.tracker.controls
			all.mu.Lock()
			all.set["back"] = setting{Control{Share: 0.5, CellSize: 8, Roots: 1 + at}, old - 1000}
			all.mu.Unlock()
		}
		p.meet.Write(ctx, notes)
		time.Sleep(3 * time.Second)
		if kept, err := p.meet.Notes(ctx); err != nil || len(kept) != 3 {
			t.Errorf("before the week is over the store keeps %+v, %v", kept, err)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		kept, err := p.meet.Notes(ctx)
		slices.SortFunc(kept, func(a, b store.Note) int { return strings.Compare(a.Name, b.Name) })
		if err != nil || len(kept) != 2 || kept[0].Name != "off" || kept[1].Name != "recent" {
			t.Errorf("the store keeps %+v, %v", kept, err)
		}
		for _, w := range p.worlds {
			if n := len(w.tracker.controls.set); n != 2 || w.tracker.ControlOf("back") != w.tracker.controls.defaults || w.tracker.ControlOf("off").P2P {
				t.Errorf("a tracker remembers %d controls, of back %+v, of off %+v", n, w.tracker.ControlOf("back"), w.tracker.ControlOf("off"))
			}
		}
	})
}
