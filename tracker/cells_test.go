package tracker

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestCellsAreDrawn: a drawing shows who sits where, what they told, and nothing by which a viewer is known.
func TestCellsAreDrawn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{CellSize: 4, Roots: 1})
		var viewers []*testViewer
		for range 6 {
			viewers = append(viewers, w.join("demo"))
		}
		time.Sleep(10 * time.Second)
		viewers[0].send(someBeacon.Append(nil))
		viewers[0].send(wire.Update{Flags: wire.MayUpload | wire.Ready, Weight: 300}.Append(nil))
		synctest.Wait()
		time.Sleep(4 * time.Second)
		answer := httptest.NewRecorder()
		w.tracker.Drawings().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/api/v1/cells/demo", nil))
		var all StreamCells
		if err := json.Unmarshal(answer.Body.Bytes(), &all); err != nil {
			t.Fatal(err)
		}
		if !all.Keeps || all.Viewers != 6 || all.Total != 2 || len(all.Cells) != 2 || all.Cells[0].Parent != 0 || all.Cells[1].Parent != all.Cells[0].ID || len(all.Cells[1].Feeds) == 0 {
			t.Fatalf("%s", answer.Body)
		}
		var told []Member
		for _, c := range all.Cells {
			for _, m := range c.Members {
				if m.Told != nil {
					told = append(told, m)
				}
			}
		}
		// It got 2.5 MB from peers in 20 s, ten of which are credited to who joins.
		want := Told{SecondsAgo: 4, FromPeersKbps: 1000, FromEdgeKbps: 200, ToPeersKbps: 960, Links: 5, LatencySeconds: 2, StalledSeconds: 0.5}
		if len(told) != 1 || *told[0].Told != want || told[0].Viewer != 1 || !told[0].Ready || !told[0].Sends || told[0].UplinkKbps != 3000 {
			t.Errorf("told %+v, %+v, want %+v", told, told[0].Told, want)
		}
		for _, v := range viewers {
			if id := strconv.FormatUint(uint64(v.id), 10); strings.Contains(answer.Body.String(), id) {
				t.Errorf("the drawing names the viewer %s", id)
			}
		}
		for path, code := range map[string]int{"/api/v1/cells/a.b": http.StatusBadRequest, "/api/v1/cells/none": http.StatusOK} {
			answer := httptest.NewRecorder()
			w.tracker.Drawings().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
			if answer.Code != code {
				t.Errorf("%s: %d %s", path, answer.Code, answer.Body)
			}
		}
		w.set(func(c *Control) { c.P2P = false })
		if off := w.tracker.Cells("demo"); off.Viewers != 0 || off.Outside != 6 || len(off.Cells) != 0 {
			t.Errorf("P2P is off: %+v", off)
		}
	})
}
