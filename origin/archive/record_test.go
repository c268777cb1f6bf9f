package archive

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Eyevinn/hls-m3u8/m3u8"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/hls/strict"
)

// A file plays by itself from zero to its end, wherever on the stream's timeline it was, and each segment read back has the bytes that it had live.
//
// Clause: recording
func TestRecord(t *testing.T) {
	a := newArchive(t, Config{Keep: true})
	b := newBroadcast(20)
	synctest.Test(t, func(t *testing.T) {
		stop := record(a, b.source())
		b.play(150)
		synctest.Wait()
		b.play(151)
		synctest.Wait()
		b.leave(0)
		stop()
	})
	all := files(t, a.config.Dir)
	if len(all) != 1 {
		t.Fatalf("files: %q", all)
	}
	if d, noise := duration(t, all[0]); !near(d, b.sent) || noise != "" {
		t.Errorf("lasts %v, %v were sent; %s", d, b.sent, noise)
	}
	if n := decode(t, all[0]); n != 301 {
		t.Errorf("%d pictures of 301", n)
	}
	for msn, want := range b.bytes {
		w := get(a, fmt.Sprintf("/live/show/v0/%d/s%d.m4s", epoch, msn))
		if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), want) {
			t.Errorf("segment %d read back: %d, %d bytes, not the %d that it had", msn, w.Code, w.Body.Len(), len(want))
		}
	}
	if w := get(a, fmt.Sprintf("/live/show/v0/%d/init3.mp4", epoch)); !bytes.Equal(w.Body.Bytes(), b.init.Bytes) {
		t.Errorf("the init segment read back: %d", w.Code)
	}
	if n := testutil.ToFloat64(a.metrics.segments.WithLabelValues("show")); n != 6 {
		t.Errorf("%v segments counted", n)
	}
}

// Reads of any range of a stored segment agree with the bytes that it had.
func TestStoredRanges(t *testing.T) {
	a := newArchive(t, Config{Keep: true})
	b := newBroadcast(20)
	synctest.Test(t, func(t *testing.T) {
		stop := record(a, b.source())
		b.play(121)
		stop()
	})
	path, _ := a.shelf("show").find(epoch, 0, hls.Name{Kind: hls.KindSegment, Number: 13})
	x, err := a.index(path)
	if err != nil {
		t.Fatal(err)
	}
	s, want := x.Find(13), b.bytes[13]
	r := newStored(path+mediaSuffix, x.Bases, s)
	for _, size := range []int{1, 7, 64, 1000} {
		for at := 0; at < len(want); at += size {
			p := make([]byte, size)
			n, err := r.ReadAt(p, s.At+int64(at))
			if end := min(at+size, len(want)); n != end-at || !bytes.Equal(p[:n], want[at:end]) || (err != nil) != (at+size > len(want)) {
				t.Fatalf("%d bytes at %d: %d, %v", size, at, n, err)
			}
		}
	}
}

// A reconnect, with a pause within the grace time, stays one recording of two files; after a longer one another begins.
//
// Clause: recording
func TestRecordings(t *testing.T) {
	a := newArchive(t, Config{Keep: true, Grace: time.Minute})
	b := newBroadcast(30)
	synctest.Test(t, func(t *testing.T) {
		for _, away := range []time.Duration{20 * time.Second, 2 * time.Minute, 0} {
			stop := record(a, b.source())
			b.play(180)
			b.leave(away)
			stop()
		}
	})
	list := a.Recordings("show")
	if len(list) != 2 || list[0].Files != 2 || list[1].Files != 1 || list[0].State != "finished" {
		t.Fatalf("recordings: %+v", list)
	}
	for i, want := range []struct{ playable, more float64 }{{12, 20}, {6, 0}} { // their beginning is of a whole second
		if d := list[i]; d.Playable < want.playable-0.1 || d.Playable > want.playable+0.1 || d.Seconds < d.Playable+want.more || d.Seconds > d.Playable+want.more+1 {
			t.Errorf("recording %d lasts %v s, of which %v play", i, d.Seconds, d.Playable)
		}
	}
	if list[0].ID != "20260501T200000Z" || list[1].ID != "20260501T200232Z" {
		t.Errorf("recordings: %+v", list)
	}

	w := get(a, *list[0].Playlist)
	master, kind, err := m3u8.Decode(*w.Body, true)
	if err != nil || kind != m3u8.MASTER {
		t.Fatalf("multivariant: %v %s", err, w.Body)
	}
	v := master.(*m3u8.MasterPlaylist).Variants
	if len(v) != 1 || v[0].URI != "v0/index.m3u8" || v[0].Codecs != "avc1.42c00a,mp4a.40.2" || v[0].Resolution != "160x90" || v[0].Bandwidth == 0 {
		t.Errorf("variants: %+v", v)
	}

	w = get(a, strings.Replace(*list[0].Playlist, "index", "v0/index", 1))
	text := w.Body.String()
	parsed, _, err := m3u8.Decode(*w.Body, true)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	p := parsed.(*m3u8.MediaPlaylist)
	if p.MediaType != m3u8.VOD || !p.Closed || p.SeqNo != 12 || p.Count() != 6 || p.TargetDuration != 2 || strings.Count(text, "#EXT-X-DISCONTINUITY\n") != 1 {
		t.Errorf("playlist: %s", text)
	}
	for i, s := range p.GetAllSegments() {
		if want := fmt.Sprintf("../../../v0/%d/s%d.m4s", epoch, 12+i); s.URI != want {
			t.Errorf("segment %d: %s", i, s.URI)
		}
		if s.Discontinuity != (i == 3) {
			t.Errorf("segment %d: discontinuity %v", i, s.Discontinuity)
		}
	}

	server := httptest.NewServer(routes(a))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	if n := decode(t, server.URL+*list[0].Playlist); n != 360 {
		t.Errorf("the recording played over HTTP has %d pictures of 360", n)
	}
}

// Renditions share their recordings, and list the same numbers: where one misses segments they are gaps.
//
// Clause: recording, hls-gap
func TestRenditions(t *testing.T) {
	a := newArchive(t, Config{Keep: true})
	source, other := newBroadcast(30), newBroadcast(30)
	synctest.Test(t, func(t *testing.T) {
		one := source.source()
		two := other.source()
		two.Rendition = 1
		stopOne, stopTwo := record(a, one), record(a, two)
		source.play(420)
		other.play(120)
		for range 2 { // its child has died
			other.take(other.cut.Flush(), nil)
			g := other.segment
			g.Gap, g.Init, g.Date = true, other.init, other.began.Add(other.sent)
			other.window.Open(g)
			other.window.Add(hls.Part{Duration: 2 * time.Second, Gap: true}, true)
			other.sent += 2 * time.Second
			other.segment.MSN++
			other.frame += 60
		}
		other.base = other.cut.End() + 4*time.Second
		other.start()
		other.play(180)
		synctest.Wait()
		source.leave(0)
		other.leave(0)
		stopOne()
		stopTwo()
	})
	list := a.Recordings("show")
	if len(list) != 1 || len(list[0].Renditions) != 2 {
		t.Fatalf("recordings: %+v", list)
	}
	var lists [2][]string
	for i := range lists {
		text := get(a, fmt.Sprintf("/live/show/recordings/%s/v%d/index.m3u8", list[0].ID, i)).Body.String()
		for line := range strings.Lines(text) {
			if strings.HasSuffix(line, ".m4s\n") {
				lists[i] = append(lists[i], strings.TrimPrefix(line, fmt.Sprintf("../../../v%d/", i)))
			}
		}
		if gaps := strings.Count(text, "#EXT-X-GAP\n#EXTINF:2.0"); gaps != 2*i {
			t.Errorf("rendition %d has %d gaps: %s", i, gaps, text)
		}
	}
	if len(lists[0]) != 7 || fmt.Sprint(lists[0]) != fmt.Sprint(lists[1]) {
		t.Errorf("listed: %v\nand %v", lists[0], lists[1])
	}
}

// A rendition that came late, or ended early, lists the source's numbers with their durations and dates: what it has not are gaps. One of which
// more than a quarter is missing is no choice for players.
//
// Clause: recording, hls-gap
func TestRenditionsInPart(t *testing.T) {
	a := newArchive(t, Config{Keep: true})
	parts := []struct{ late, frames, gaps, after int }{ // of the source's 20 segments
		0: {0, 1200, 0, 0},
		1: {4, 960, 4, 0},
		2: {0, 960, 0, 4},
		3: {0, 540, 0, 11},
	}
	synctest.Test(t, func(t *testing.T) {
		for i, p := range parts {
			b := newBroadcast(30)
			b.segment.MSN += uint64(p.late)
			b.sent = time.Duration(p.late) * 2 * time.Second
			from := b.source()
			from.Rendition = i
			stop := record(a, from)
			b.play(p.frames)
			synctest.Wait()
			b.leave(0)
			stop()
		}
	})
	list := a.Recordings("show")
	if len(list) != 1 || len(list[0].Renditions) != len(parts) {
		t.Fatalf("recordings: %+v", list)
	}
	master := get(a, *list[0].Playlist).Body.String()
	for i, p := range parts {
		if listed := strings.Contains(master, fmt.Sprintf("v%d/index", i)); listed != (p.gaps+p.after <= 5) {
			t.Errorf("rendition %d is a choice: %v", i, listed)
		}
		text := get(a, fmt.Sprintf("/live/show/recordings/%s/v%d/index.m3u8", list[0].ID, i)).Body.String()
		if !strings.Contains(text, "MEDIA-SEQUENCE:12\n") || strings.Count(text, "#EXTINF:2.0") != 20 || strings.Count(text, "#EXT-X-GAP\n") != p.gaps+p.after ||
			!strings.HasSuffix(text, "s31.m4s\n#EXT-X-ENDLIST\n") {
			t.Errorf("rendition %d: %s", i, text)
		}
		if _, err := strict.Parse(text); err != nil {
			t.Errorf("rendition %d: %v", i, err)
		}
		head, _, _ := strings.Cut(text, "#EXTINF")
		if !strings.Contains(head, "#EXT-X-MAP") || !strings.Contains(head, "PROGRAM-DATE-TIME:2026-05-01T20:00:00.250Z\n") ||
			strings.Contains(head, "#EXT-X-GAP") != (p.gaps > 0) {
			t.Errorf("rendition %d begins %s", i, head)
		}
		if before, _, ok := strings.Cut(text, "s16.m4s"); p.late > 0 && (!ok || !strings.Contains(before, "PROGRAM-DATE-TIME:2026-05-01T20:00:08.250Z\n#EXTINF")) {
			t.Errorf("rendition %d: %s", i, text)
		}
	}
}

// A recording lasts no less than its media do, where the broadcaster sent them faster than time.
//
// Clause: recording
func TestSeconds(t *testing.T) {
	a := newArchive(t, Config{Keep: true})
	b := newBroadcast(30)
	synctest.Test(t, func(t *testing.T) {
		for range 2 {
			stop := record(a, b.source())
			b.play(180)
			b.leave(-5 * time.Second)
			stop()
		}
	})
	list := a.Recordings("show")
	if len(list) != 1 || list[0].Playable < 11.9 || list[0].Seconds < list[0].Playable {
		t.Errorf("recordings: %+v", list)
	}
}
