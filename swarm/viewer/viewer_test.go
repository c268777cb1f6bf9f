package viewer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/swarm/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// audience is some viewers of a stage and what each of them played.
type audience struct {
	viewers []*Viewer
	played  []map[wire.ChunkID][32]byte
}

// watch lets viewers watch the stage while it grows by parts, and ends them. On a machine that is busy with other things
// it grows by up to three times as many, until there is enough to see; nil: there always is.
func (st *stage) watch(t *testing.T, parts int, enough func(audience) bool, configs ...Config) audience {
	t.Helper()
	certificate, err := NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	shared := NewHTTP()
	defer shared.CloseIdleConnections()
	a := audience{}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var group sync.WaitGroup
	for i, c := range configs {
		c.URL, c.HTTP, c.Certificate = st.URL+"/live/show/index.m3u8", shared, certificate
		played := make(map[wire.ChunkID][32]byte)
		a.played = append(a.played, played)
		c.Played = func(r wire.Record, b []byte) { played[r.ID] = sha256.Sum256(b) }
		v, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		a.viewers = append(a.viewers, v)
		group.Go(func() {
			if err := v.Run(ctx); err != nil {
				t.Errorf("viewer %d: %v", i, err)
			}
		})
	}
	tick := time.NewTicker(st.length)
	defer tick.Stop()
	for n := 0; n < parts || n < 3*parts && enough != nil && !enough(a); n++ {
		<-tick.C
		st.grow()
	}
	<-tick.C
	stop()
	group.Wait()
	return a
}

// check compares what a viewer played with what the stage has.
func (a audience) check(t *testing.T, st *stage, least int) {
	t.Helper()
	for i, played := range a.played {
		r := a.viewers[i].Report()
		t.Logf("viewer %d: %+v", i, r)
		if len(played) < least {
			t.Errorf("viewer %d played %d chunks, want at least %d", i, len(played), least)
		}
		for n, record := range st.records {
			b := st.chunks[path(record.ID)]
			if sum, ok := played[record.ID]; ok && sum != sha256.Sum256(b) {
				t.Errorf("viewer %d: part %d: other bytes were played", i, n)
			}
		}
		if r.BadBytesPlayed+r.BadBytesRelayed+r.Unheld != 0 {
			t.Errorf("viewer %d: %d bad bytes played, %d passed on, %d actions on what was not held",
				i, r.BadBytesPlayed, r.BadBytesRelayed, r.Unheld)
		}
	}
}

func TestFourViewersShare(t *testing.T) {
	st := newStage(t, 20_000, 250*time.Millisecond)
	c := Config{P2P: true}
	a := st.watch(t, 24, func(a audience) bool { return a.offload() > 0.5 }, c, c, c, c)
	a.check(t, st, 20)
	if share := a.offload(); share <= 0.5 {
		t.Errorf("offload %.2f, want over 0.5", share)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.early == 0 {
		t.Error("no part was asked for before it was there")
	}
	if loads, parts := st.served["playlist"], len(st.records)-2*perSegment; loads > 3*parts {
		t.Errorf("the playlist was loaded %d times for %d parts by 4 viewers who tell each other", loads, parts)
	}
}

func (a audience) offload() float64 {
	var peers, edge uint64
	for _, v := range a.viewers {
		r := v.Report()
		peers += r.BytesFromPeers
		edge += r.BytesFromEdge
	}
	return float64(peers) / float64(max(peers+edge, 1))
}

func TestLiarIsCutOff(t *testing.T) {
	t.Parallel()
	st := newStage(t, 20_000, 250*time.Millisecond)
	honest, liar := Config{P2P: true}, Config{P2P: true, Weight: 60000}
	liar.Tamper = func(piece []byte) []byte { piece[0] ^= 1; return piece }
	found := func(a audience) (bad, cut uint64) {
		for _, v := range a.viewers[:3] {
			bad += v.Report().BadPieces
			cut += v.Report().LinksCut
		}
		return bad, cut
	}
	a := st.watch(t, 24, func(a audience) bool { bad, cut := found(a); return bad > 0 && cut > 0 }, honest, honest, honest, liar)
	a.check(t, st, 20)
	bad, cut := found(a)
	if sent := a.viewers[3].Report().PiecesTampered; sent == 0 || bad == 0 || cut == 0 {
		t.Errorf("%d pieces tampered with, %d found bad, %d links cut: want all over 0", sent, bad, cut)
	}
}

// TestTurnedOff: the tracker turns P2P off while three share, and on again: nobody stalls over it, nothing comes from peers meanwhile, and
// no more beacons come than shall.
func TestTurnedOff(t *testing.T) {
	t.Parallel()
	st := newStage(t, 20_000, 250*time.Millisecond)
	all := func(a audience, ok func(Report) bool) bool {
		return !slices.ContainsFunc(a.viewers, func(v *Viewer) bool { return !ok(v.Report()) })
	}
	moved := func(a audience) (bytes uint64) {
		for _, v := range a.viewers {
			bytes += v.Report().BytesFromPeers + v.Report().BytesToPeers
		}
		return bytes
	}
	const linked, off, quiet, on = 0, 1, 2, 3
	step, since, bytes := linked, time.Time{}, uint64(0)
	var stalls [3]int // before
	a := st.watch(t, 20, func(a audience) bool {
		switch {
		case step == linked && a.offload() > 0.2 && all(a, func(r Report) bool { return r.Peers == 2 && r.P2P == "on" }):
			for i, v := range a.viewers {
				stalls[i] = v.Report().Stalls
			}
			st.tracker.turn(true)
			step, since = off, time.Now()
		case step == off && time.Since(since) > 2*time.Second:
			if !all(a, func(r Report) bool { return r.Peers == 0 && r.P2P == "off" }) {
				t.Error("two seconds after P2P was turned off not all are out of the swarm")
			}
			step, bytes = quiet, moved(a)
		case step == quiet && time.Since(since) > 4*time.Second:
			if now := moved(a); now != bytes {
				t.Errorf("%d bytes went between peers after that", now-bytes)
			}
			st.tracker.turn(false)
			step = on
		}
		return step == on && all(a, func(r Report) bool { return r.Peers == 2 && r.P2P == "on" }) && moved(a) > bytes
	}, Config{P2P: true}, Config{P2P: true}, Config{P2P: true})
	a.check(t, st, 20)
	if step != on || moved(a) <= bytes {
		t.Errorf("it came to step %d, %d bytes after it was turned on again", step, moved(a)-bytes)
	}
	for i, v := range a.viewers {
		if r := v.Report(); r.Stalls != stalls[i] || r.LinksOpened < 4 || r.LinksLost+r.LinksNoAnswer+r.LinksNoRoute != 0 {
			t.Errorf("viewer %d: %d stalls more, %d links opened twice over, of which none may be lost: %+v", i, r.Stalls-stalls[i], r.LinksOpened, r)
		}
	}
	st.tracker.mu.Lock() // what a viewer said last may still be read
	beacons, hasty := st.tracker.beacons, st.tracker.hasty
	st.tracker.mu.Unlock()
	if beacons == 0 || hasty != 0 {
		t.Errorf("%d of %d beacons came before their time", hasty, beacons)
	}
}

func TestWithoutSwarm(t *testing.T) {
	st := newStage(t, 5_000, 100*time.Millisecond)
	a := st.watch(t, 15, nil, Config{})
	a.check(t, st, 12)
	r := a.viewers[0].Report()
	if r.BytesFromPeers != 0 || r.BytesFromEdge == 0 || r.Stalls != 0 {
		t.Errorf("%+v", r)
	}
}

func TestEndOfStream(t *testing.T) {
	st := newStage(t, 5_000, 100*time.Millisecond)
	st.stopped = true
	v, err := New(Config{URL: st.URL + "/watch/show"})
	if err != nil {
		t.Fatal(err)
	}
	defer v.cfg.HTTP.CloseIdleConnections()
	if err := v.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestForgedRecordsAreNotPlayed(t *testing.T) {
	t.Parallel()
	st := newStage(t, 5_000, 100*time.Millisecond)
	st.private[0] ^= 1 // all that follows is signed with another key
	a := st.watch(t, 10, nil, Config{Key: bytes.Clone(st.public)})
	r := a.viewers[0].Report()
	if r.BadRecords == 0 {
		t.Error("no forged record was seen")
	}
	for id := range a.played[0] {
		if id.MSN >= 2 {
			t.Errorf("played %+v, whose record is forged", id)
		}
	}
}

func TestUnknownStream(t *testing.T) {
	st := newStage(t, 5_000, 100*time.Millisecond)
	v, err := New(Config{URL: st.URL + "/live/other/index.m3u8"})
	if err != nil {
		t.Fatal(err)
	}
	defer v.cfg.HTTP.CloseIdleConnections()
	if err := v.Run(t.Context()); err == nil {
		t.Fatal("no error for a stream that is not there")
	}
}

func TestAddresses(t *testing.T) {
	for _, tc := range []struct{ url, playlist, tracker, name string }{
		{"http://h:8080/live/a/index.m3u8", "http://h:8080/live/a/index.m3u8", "ws://h:8080/tracker", "a"},
		{"https://h/watch/a-b", "https://h/live/a-b/index.m3u8", "wss://h/tracker", "a-b"},
		{"http://h/watch/", "", "", ""},
		{"rtmp://h/live/a", "", "", ""},
		{"http://h/", "", "", ""},
		{"", "", "", ""},
	} {
		v, err := New(Config{URL: tc.url})
		if tc.name == "" {
			if !errors.Is(err, ErrURL) {
				t.Errorf("%q: %v, want ErrURL", tc.url, err)
			}
			continue
		}
		if err != nil || v.cfg.URL != tc.playlist || v.cfg.Trackers[0] != tc.tracker || v.name != tc.name {
			t.Errorf("%q: %v, %+v", tc.url, err, v)
		}
	}
}

func TestTrackerAddresses(t *testing.T) {
	for _, bad := range []string{"", "/tracker", "http://h/tracker", "ws:///tracker", "ws://[/tracker"} {
		if _, err := New(Config{URL: "http://h/watch/a", Trackers: []string{"ws://h/tracker", bad}}); !errors.Is(err, ErrTracker) {
			t.Errorf("%q: %v, want ErrTracker", bad, err)
		}
	}
}

// TestRefused: who may not join plays on, and it is told.
func TestRefused(t *testing.T) {
	st := newStage(t, 5_000, 100*time.Millisecond)
	st.tracker.bar()
	a := st.watch(t, 15, nil, Config{P2P: true})
	a.check(t, st, 12)
	if r := a.viewers[0].Report(); r.P2P != "refused" || r.Stalls != 0 {
		t.Errorf("%+v", r)
	}
}

// TestRefusedAtReconnect: a tracker that comes back and refuses ends no link.
func TestRefusedAtReconnect(t *testing.T) {
	t.Parallel()
	st := newStage(t, 20_000, 250*time.Millisecond)
	all := func(a audience, ok func(Report) bool) bool {
		return !slices.ContainsFunc(a.viewers, func(v *Viewer) bool { return !ok(v.Report()) })
	}
	linked := func(r Report) bool { return r.Peers == 1 && r.P2P == "on" }
	step, since, bytes := 0, time.Time{}, uint64(0)
	a := st.watch(t, 20, func(a audience) bool {
		from := a.viewers[0].Report().BytesFromPeers + a.viewers[1].Report().BytesFromPeers
		switch {
		case step == 0 && all(a, linked) && from > 0:
			st.tracker.bar()
			step, since, bytes = 1, time.Now(), from
		case step == 1 && time.Since(since) > 3*time.Second:
			if !all(a, linked) || from == bytes {
				t.Errorf("three seconds after they were refused: %d bytes from peers, %+v", from-bytes, a.viewers[0].Report())
			}
			step = 2
		}
		return step == 2
	}, Config{P2P: true}, Config{P2P: true})
	a.check(t, st, 16)
	if st.tracker.turnedAway() != 2 || step != 2 {
		t.Errorf("%d were turned away, step %d", st.tracker.turnedAway(), step)
	}
}
