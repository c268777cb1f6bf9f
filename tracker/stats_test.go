package tracker

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/shoal-live/shoal/swarm/wire"
)

// someBeacon is ten seconds of a viewer that got 5 chunks of 100 kB from the edge and 25 from peers.
var someBeacon = wire.Beacon{
	BytesFromPeers: 2_500_000, BytesFromEdge: 500_000, BytesToPeers: 2_400_000, ChunksFromPeers: 25, ChunksFromEdge: 5,
	DuplicateBytes: 1000, BadPieces: 2, EdgeRequests: 7, Stalls: 1, StalledMillis: 500, LatencyMillis: 2000, Links: 5,
	LinksOpened: 6, LinksNoAnswer: 1, LinksNoRoute: 1, LinksLost: 2,
}

func TestBeaconsBecomeMetrics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		registry := prometheus.NewPedanticRegistry()
		w := newWorld(t, Config{Registry: registry})
		var viewers []*testViewer
		for range 6 {
			viewers = append(viewers, w.join("demo"))
		}
		for range 9 {
			time.Sleep(10 * time.Second)
			for _, v := range viewers {
				v.send(someBeacon.Append(nil))
			}
		}
		synctest.Wait()
		// 6 viewers each got a sixth of their bytes from the edge: one copy left it. Offload is 25 of 30.
		want := `
# HELP shoal_swarm_bad_pieces_total Pieces from peers that failed verification.
# TYPE shoal_swarm_bad_pieces_total counter
shoal_swarm_bad_pieces_total{stream="demo"} 108
# HELP shoal_swarm_bytes_from_edge_total Media bytes that viewers got from the edge.
# TYPE shoal_swarm_bytes_from_edge_total counter
shoal_swarm_bytes_from_edge_total{stream="demo"} 2.7e+07
# HELP shoal_swarm_bytes_from_peers_total Media bytes that viewers got from peers.
# TYPE shoal_swarm_bytes_from_peers_total counter
shoal_swarm_bytes_from_peers_total{stream="demo"} 1.35e+08
# HELP shoal_swarm_bytes_to_peers_total Media bytes that viewers sent to peers.
# TYPE shoal_swarm_bytes_to_peers_total counter
shoal_swarm_bytes_to_peers_total{stream="demo"} 1.296e+08
# HELP shoal_swarm_copies_per_chunk How many times each chunk left the CDN, by bytes, last minute.
# TYPE shoal_swarm_copies_per_chunk gauge
shoal_swarm_copies_per_chunk{stream="demo"} 1
# HELP shoal_swarm_offload_ratio Share of media bytes that came from peers, last minute.
# TYPE shoal_swarm_offload_ratio gauge
shoal_swarm_offload_ratio{stream="demo"} 0.8333333333333334
# HELP shoal_swarm_link_success_ratio Share of the links tried that opened, last minute.
# TYPE shoal_swarm_link_success_ratio gauge
shoal_swarm_link_success_ratio{stream="demo"} 0.75
# HELP shoal_swarm_stall_ratio Share of their time for which viewers stood still, last minute.
# TYPE shoal_swarm_stall_ratio gauge
shoal_swarm_stall_ratio{stream="demo"} 0.05
# HELP shoal_swarm_stalls_total Stalls of viewers.
# TYPE shoal_swarm_stalls_total counter
shoal_swarm_stalls_total{stream="demo"} 54
# HELP shoal_swarm_upload_bytes_per_second What a viewer sends to peers, in the mean, last minute.
# TYPE shoal_swarm_upload_bytes_per_second gauge
shoal_swarm_upload_bytes_per_second{stream="demo"} 240000
# HELP shoal_tracker_beacons_total Reports of viewers.
# TYPE shoal_tracker_beacons_total counter
shoal_tracker_beacons_total{stream="demo"} 54
# HELP shoal_tracker_cells Cells.
# TYPE shoal_tracker_cells gauge
shoal_tracker_cells{stream="demo"} 1
# HELP shoal_tracker_joins_total Viewers that joined.
# TYPE shoal_tracker_joins_total counter
shoal_tracker_joins_total{stream="demo"} 6
# HELP shoal_tracker_links_total Links between viewers, as each of their ends tells.
# TYPE shoal_tracker_links_total counter
shoal_tracker_links_total{outcome="lost",stream="demo"} 108
shoal_tracker_links_total{outcome="no_answer",stream="demo"} 54
shoal_tracker_links_total{outcome="no_route",stream="demo"} 54
shoal_tracker_links_total{outcome="opened",stream="demo"} 324
# HELP shoal_tracker_outside_viewers Viewers connected and in no cell, because P2P is off or they are not of the share.
# TYPE shoal_tracker_outside_viewers gauge
shoal_tracker_outside_viewers{stream="demo"} 0
# HELP shoal_tracker_p2p_share Share of viewers that may join the swarm; 0 when P2P is off.
# TYPE shoal_tracker_p2p_share gauge
shoal_tracker_p2p_share{stream="demo"} 1
# HELP shoal_tracker_viewers Viewers connected.
# TYPE shoal_tracker_viewers gauge
shoal_tracker_viewers{stream="demo"} 6
`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want),
			"shoal_swarm_bad_pieces_total", "shoal_swarm_bytes_from_edge_total", "shoal_swarm_bytes_from_peers_total",
			"shoal_swarm_bytes_to_peers_total", "shoal_swarm_copies_per_chunk", "shoal_swarm_offload_ratio",
			"shoal_swarm_link_success_ratio", "shoal_swarm_stall_ratio", "shoal_swarm_upload_bytes_per_second", "shoal_tracker_beacons_total",
			"shoal_tracker_links_total", "shoal_tracker_outside_viewers", "shoal_tracker_p2p_share",
			"shoal_swarm_stalls_total", "shoal_tracker_cells", "shoal_tracker_joins_total", "shoal_tracker_viewers"); err != nil {
			t.Error(err)
		}
		if _, err := New(Config{Registry: registry}); err == nil {
			t.Error("two trackers share a registry")
		}

		client := http.Client{Transport: &http.Transport{DialContext: func(_ context.Context, n, a string) (net.Conn, error) { return w.dialPipe(n, a) }, DisableKeepAlives: true}}
		response, err := client.Get("http://tracker.example/api/v1/swarm")
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(response.Body)
		response.Body.Close()
		var stats struct {
			Scope   string
			Streams []StreamStats
		}
		if err := json.Unmarshal(b, &stats); err != nil || len(stats.Streams) != 1 || stats.Scope != "tracker" {
			t.Fatalf("%s: %v", b, err)
		}
		if s := stats.Streams[0]; s.Name != "demo" || s.Viewers != 6 || s.Cells != 1 || math.Abs(s.Copies-1) > 1e-9 ||
			math.Abs(s.Offload-25./30) > 1e-9 || s.LatencySeconds != 2 || s.Stalls < 36 || s.Stalls > 42 || s.BadPieces != 108 ||
			s.Joins != 6 || s.LinksOpened != 324 || s.LinkSuccess != 0.75 || math.Abs(s.StallRatio-0.05) > 1e-4 || math.Abs(s.UploadKbps-1920) > 1 ||
			s.Control != w.tracker.ControlOf("demo") || s.Swarm != (SwarmStats{Trackers: 1, Viewers: 6, Cells: 1, Roots: 1}) {
			t.Errorf("%+v", s)
		}
		for name, share := range map[string]float64{"demo": 0, "nobody": 0, "half": 0.5} {
			c := w.tracker.ControlOf(name)
			if c.Share = share; name == "nobody" {
				c.Share, c.P2P = 1, false
			}
			if err := w.tracker.SetControl(name, c); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(figuresFor)
		response, err = client.Get("http://tracker.example/api/v1/swarm")
		if err != nil {
			t.Fatal(err)
		}
		var told struct{ Off []string }
		err = json.NewDecoder(response.Body).Decode(&told)
		if response.Body.Close(); err != nil || !slices.Equal(told.Off, []string{"demo", "nobody"}) {
			t.Errorf("off: %v, %v; want demo and nobody", told.Off, err)
		}
		response, err = client.Post("http://tracker.example/api/v1/swarm", "text/plain", nil)
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("POST: %s %v", response.Status, response.Header)
		}
	})
}

// TestFiguresAreMadeOnceASecond: anybody may ask for them, and however many do, the streams are not asked more often.
func TestFiguresAreMadeOnceASecond(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		viewers := func() int {
			t.Helper()
			r := httptest.NewRecorder()
			w.tracker.Stats().ServeHTTP(r, httptest.NewRequest("GET", "/api/v1/swarm", nil))
			var stats struct{ Streams []StreamStats }
			if err := json.Unmarshal(r.Body.Bytes(), &stats); err != nil || len(stats.Streams) != 1 {
				t.Fatalf("%s: %v", r.Body, err)
			}
			return stats.Streams[0].Viewers
		}
		w.join("demo")
		if n := viewers(); n != 1 {
			t.Errorf("%d viewers, want 1", n)
		}
		w.join("demo")
		time.Sleep(figuresFor - time.Since(w.tracker.shown.made) - time.Nanosecond)
		s := w.tracker.streamOf("demo")
		s.mu.Lock() // who asks needs none of it
		if n := viewers(); n != 1 {
			t.Errorf("%d viewers within the second, want those of before", n)
		}
		s.mu.Unlock()
		time.Sleep(time.Nanosecond)
		var many sync.WaitGroup
		for range 100 {
			many.Go(func() {
				if n := viewers(); n != 2 {
					t.Errorf("%d viewers a second later, want 2", n)
				}
			})
		}
		many.Wait()
	})
}

func TestLiesAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		v := w.join("demo")
		most := uint32(math.MaxUint32)
		lie := wire.Beacon{
			BytesFromPeers: most, BytesFromEdge: most, BytesToPeers: most, ChunksFromPeers: most, ChunksFromEdge: most, DuplicateBytes: most,
			BadPieces: most, EdgeRequests: most, Stalls: most, StalledMillis: most, LatencyMillis: most, Links: most,
			LinksOpened: most, LinksNoAnswer: most, LinksNoRoute: most, LinksLost: most,
		}.Append(nil)
		for range 100 {
			v.send(lie)
		}
		synctest.Wait()
		s := w.tracker.Streams()[0]
		if most := uint64(creditAtJoin.Seconds() * maxBytesRate); s.BytesFromPeers == 0 || s.BytesFromPeers > most || s.BytesFromEdge > most || s.BytesToPeers > most {
			t.Errorf("a hundred lies at once became %+v, at most %d bytes are plausible", s, most)
		}
		if s.StalledSeconds > 10 || s.LatencySeconds > 3600 || s.BadPieces > 2000 || s.LinksOpened == 0 ||
			max(s.LinksOpened, s.LinksNoAnswer, s.LinksNoRoute, s.LinksLost) > 200 {
			t.Errorf("implausible: %+v", s)
		}
	})
}

func TestPlausible(t *testing.T) {
	if got := plausible(someBeacon, 10*time.Second); got != someBeacon {
		t.Errorf("an honest beacon became %+v", got)
	}
	if got := plausible(someBeacon, -time.Second); got != (wire.Beacon{LatencyMillis: 2000, Links: 5}) {
		t.Errorf("a beacon for no time became %+v", got)
	}
	if got := plausible(wire.Beacon{BytesToPeers: math.MaxUint32}, time.Hour); got.BytesToPeers != uint32(maxCredit.Seconds()*maxBytesRate) {
		t.Errorf("an hour's beacon became %+v", got)
	}
}

func TestCopies(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	bytes := func(peers, edge uint32) wire.Beacon {
		return wire.Beacon{BytesFromPeers: peers, BytesFromEdge: edge, ChunksFromPeers: 30}
	}
	for _, c := range []struct {
		name string
		play func(*tally)
		at   int
		want float64
	}{
		{"all from the edge", func(t *tally) {
			for range 4 {
				t.play(start, false, true)
			}
			for range 4 {
				t.report(at(10), bytes(0, 30), 10*time.Second)
			}
		}, 10, 4},
		{"one in four", func(t *tally) {
			for range 4 {
				t.play(start, false, true)
			}
			for range 4 {
				t.report(at(10), bytes(30, 10), 10*time.Second)
			}
		}, 10, 1},
		{"a range of each chunk from the edge, most of it from a peer", func(t *tally) {
			for range 4 {
				t.play(start, false, true)
			}
			for range 4 {
				t.report(at(10), bytes(80_000, 20_000), 10*time.Second) // every chunk counts as one from peers
			}
		}, 10, 0.8},
		{"two viewers, one of whom came halfway", func(t *tally) {
			t.play(start, false, true)
			t.play(at(30), false, true)
			t.report(at(60), bytes(60, 120), 10*time.Second) // the first alone, then both share
			t.report(at(60), bytes(60, 30), 10*time.Second)
		}, 60, 150. / 270 * 1.5},
		{"one who was there for a quarter of the time", func(t *tally) {
			t.play(at(45), false, true)
			t.report(at(60), bytes(0, 45), 15*time.Second)
		}, 60, 1},
		{"old times do not count", func(t *tally) {
			t.play(start, false, true)
			t.play(start, false, true)
			t.report(at(10), bytes(0, 1000), 10*time.Second)
			t.report(at(100), bytes(30, 30), 10*time.Second)
		}, 100, 1},
		{"after a long silence", func(t *tally) {
			t.play(start, false, true)
			t.report(at(10), bytes(0, 1000), 10*time.Second)
			t.report(at(10000), bytes(0, 30), 10*time.Second)
		}, 10000, 1},
	} {
		tally := newTally(start)
		c.play(&tally)
		w, span := tally.window(at(c.at))
		if got, ok := w.copies(span); !ok || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v copies, want %v (%+v in %d ms)", c.name, got, c.want, w, span)
		}
	}
	tally := newTally(start)
	w, span := tally.window(at(10))
	if _, ok := w.copies(span); ok {
		t.Error("copies of nothing")
	}
	if _, ok := w.offload(); ok {
		t.Error("offload of nothing")
	}
}
