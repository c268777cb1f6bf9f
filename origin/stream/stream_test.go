package stream

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/testclip"
	"github.com/shoal-live/shoal/swarm/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newStreams(t testing.TB, dir string) *Streams {
	t.Helper()
	m, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{
		Dir: dir, PartDuration: 333 * time.Millisecond, SegmentDuration: 2 * time.Second, Grace: time.Minute, WindowSegments: 10,
	}, m, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

func tracks(t testing.TB, channels uint8) []media.Track {
	t.Helper()
	v, err := media.NewH264(testclip.Parameters())
	if err != nil {
		t.Fatal(err)
	}
	c := testclip.AACConfig()
	c.ChannelConfig = channels
	a, err := media.NewAAC(c)
	if err != nil {
		t.Fatal(err)
	}
	return []media.Track{v, a}
}

// send publishes the clip's frames from one time to another, as fast as they are taken.
func send(t testing.TB, s *Session, from, to time.Duration) {
	t.Helper()
	units := testclip.Units()
	sound := time.Duration(0)
	for n := int(from / testclip.Interval); time.Duration(n)*testclip.Interval < to; n++ {
		at := time.Duration(n) * testclip.Interval
		u := media.ParseH264(units[n%len(units)])
		if err := s.Write(media.Frame{Video: true, DTS: at, PTS: at, Key: u.Key, Bytes: u.Bytes}); err != nil {
			t.Fatal(err)
		}
		for ; sound <= at; sound += 1024 * time.Second / 48000 {
			if sound < from {
				continue
			}
			if err := s.Write(media.Frame{DTS: sound, PTS: sound, Key: true, Bytes: testclip.AAC}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func publish(t testing.TB, all *Streams, name string) *Session {
	t.Helper()
	s, err := all.Publish(name, "rtmp")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetTracks(tracks(t, 2)); err != nil {
		t.Fatal(err)
	}
	return s
}

func playlist(st *Stream) string {
	v, _ := st.Window(0).View()
	plain, _ := v.Playlist()
	return string(plain)
}

// verify checks every record of the playlist against the bytes it describes, as a viewer would, and returns how many.
func verify(t testing.TB, st *Stream) (n int) {
	t.Helper()
	public, err := base64.StdEncoding.DecodeString(st.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	v, _ := st.Window(0).View()
	ends := map[string]bool{} // the last parts of complete segments
	for _, g := range v.Segments {
		ends[hls.Name{Kind: hls.KindPart, Number: g.MSN, Part: len(g.Parts) - 1}.String()] = true
	}
	name := ""
	for line := range strings.Lines(playlist(st)) {
		line = strings.TrimSpace(line)
		if m := regexp.MustCompile(`^#EXT-X-(?:PART|MAP):.*URI="\d+/([^"]+)"`).FindStringSubmatch(line); m != nil {
			name = m[1]
		}
		text, ok := strings.CutPrefix(line, wire.RecordTag)
		if !ok {
			continue
		}
		n++
		b, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		r, err := wire.ParseRecord(b)
		if err != nil {
			t.Fatal(err)
		}
		if !ed25519.Verify(public, r.SignedBytes(), r.Signature[:]) {
			t.Fatalf("%s: the signature does not verify", name)
		}
		file, _ := hls.ParseName(name)
		m, _ := st.Window(0).Find(file)
		if len(m.Slices) != 1 {
			t.Fatalf("%s is not there", name)
		}
		data := m.Slices[0]
		if int(r.Size) != len(data) || r.PieceSize != wire.PieceSize(len(data)) {
			t.Fatalf("%s: size %d of %d", name, r.Size, len(data))
		}
		var hashes []byte
		for i := range r.Pieces() {
			from, to := r.PieceBounds(i, 1)
			piece := sha256.Sum256(data[from:to])
			hashes = append(hashes, piece[:]...)
		}
		if sha256.Sum256(hashes) != r.Digest {
			t.Fatalf("%s: the digest is of other bytes", name)
		}
		if m.Pieces != base64.RawStdEncoding.EncodeToString(hashes) {
			t.Fatalf("%s: the hashes served beside it are of other bytes", name)
		}
		want := wire.ChunkID{Epoch: st.Epoch(), Kind: wire.Part, MSN: file.Number, Part: uint16(file.Part)}
		if file.Kind == hls.KindInit {
			want.Kind, want.Part = wire.Init, 0
		}
		if r.ID != want {
			t.Fatalf("%s: the record is of %+v", name, r.ID)
		}
		if r.Last != ends[name] {
			t.Fatalf("%s: last is %v", name, r.Last)
		}
	}
	return n
}

func TestRecords(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s := publish(t, all, "demo")
	send(t, s, 0, 9*time.Second)
	if n := verify(t, s.Stream()); n < 13 {
		t.Fatalf("%d records", n)
	}
	s.Close()
	verify(t, s.Stream())
}

func TestKeyIsKept(t *testing.T) {
	dir := t.TempDir()
	a := publish(t, newStreams(t, dir), "demo")
	b := publish(t, newStreams(t, dir), "demo")
	if a.Stream().PublicKey() != b.Stream().PublicKey() {
		t.Fatal("the stream's key changed")
	}
	info, err := os.Stat(filepath.Join(dir, "demo", "ed25519.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
}

// TestNumbersAfterCrash lets processes die without a word and looks whether the next one ever reuses a name.
//
// Clause: restart, hls-msn
func TestNumbersAfterCrash(t *testing.T) {
	dir := t.TempDir()
	used := map[string][32]byte{}
	var last uint64
	var epoch uint32
	for life := range 6 {
		all := newStreams(t, dir)
		s := publish(t, all, "demo")
		send(t, s, 0, time.Duration(life*1300+400)*time.Millisecond)
		st := s.Stream()
		if epoch == 0 {
			epoch = st.Epoch()
		}
		if st.Epoch() != epoch {
			t.Fatal("the epoch changed")
		}
		v, _ := st.Window(0).View()
		list := v.Segments
		if v.Open != nil {
			list = append(list[:len(list):len(list)], v.Open)
		}
		for _, g := range list {
			if g.MSN < last {
				t.Fatalf("life %d: segment %d after %d", life, g.MSN, last)
			}
			last = g.MSN
			name := hls.Name{Kind: hls.KindInit, Number: g.Init.Number}.String()
			sum := sha256.Sum256(g.Init.Bytes)
			if old, ok := used[name]; ok && old != sum {
				t.Fatalf("life %d: %s names other bytes now", life, name)
			}
			used[name] = sum
			for p, part := range g.Parts {
				name := hls.Name{Kind: hls.KindPart, Number: g.MSN, Part: p}.String()
				if _, ok := used[name]; ok {
					t.Fatalf("life %d: %s was used before", life, name)
				}
				used[name] = sha256.Sum256(part.Bytes)
			}
		}
		if want := uint64(life); v.Newest() != nil && v.Newest().Discontinuity != want {
			t.Fatalf("life %d: discontinuity %d", life, v.Newest().Discontinuity)
		}
	}
	if last == 0 || len(used) < 20 {
		t.Fatal("nothing was tried", last, len(used))
	}
}

// Clause: rtmp-reconnect, hls-discontinuity
func TestReconnect(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s := publish(t, all, "demo")
	st := s.Stream()
	send(t, s, 0, 5*time.Second)
	s.Close()
	if i := st.Describe(); i.State != Interrupted {
		t.Fatal(i.State)
	}
	before, _ := st.Window(0).View()
	end := before.Segments[len(before.Segments)-1]

	s = publish(t, all, "demo")
	send(t, s, 0, 3*time.Second)
	if i := st.Describe(); i.State != Live {
		t.Fatal(i.State)
	}
	v, _ := st.Window(0).View()
	next := v.Segments[len(before.Segments)]
	if next.MSN != end.MSN+1 || !next.Break || next.Discontinuity != end.Discontinuity+1 || next.Init != end.Init {
		t.Fatalf("after segment %d comes %d: discontinuity %d, init %d", end.MSN, next.MSN, next.Discontinuity, next.Init.Number)
	}

	// other parameters: a new init segment, and another discontinuity
	if err := s.SetTracks(tracks(t, 1)); err != nil {
		t.Fatal(err)
	}
	send(t, s, 4*time.Second, 7*time.Second)
	v, _ = st.Window(0).View()
	newest := v.Newest()
	if newest.Init.Number != end.Init.Number+1 || newest.Discontinuity != next.Discontinuity+1 {
		t.Fatalf("init %d, discontinuity %d, after %d and %d", newest.Init.Number, newest.Discontinuity, end.Init.Number, next.Discontinuity)
	}
	verify(t, st)
	s.Close()
}

// Clause: rtmp-second-publisher
func TestSecondBroadcaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newStreams(t, t.TempDir())
		first := publish(t, all, "demo")
		time.Sleep(4 * time.Second)
		if _, err := all.Publish("demo", "whip"); !errors.Is(err, ErrBusy) {
			t.Fatal(err)
		}
		first.Received(1)
		time.Sleep(4 * time.Second)
		if _, err := all.Publish("demo", "whip"); !errors.Is(err, ErrBusy) {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		second, err := all.Publish("demo", "whip")
		if err != nil {
			t.Fatal("the first has been silent for 6 s:", err)
		}
		<-first.Replaced()
		if err := first.Write(media.Frame{Bytes: testclip.AAC}); !errors.Is(err, ErrReplaced) {
			t.Fatal(err)
		}
		first.Close() // must not touch the second
		if _, err := all.Publish("demo", "rtmp"); !errors.Is(err, ErrBusy) {
			t.Fatal(err)
		}
		second.Close()
	})
}

// Clause: rtmp-reconnect
func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newStreams(t, t.TempDir())
		done := make(chan struct{})
		go func() { all.Run(t.Context()); close(done) }()
		s := publish(t, all, "demo")
		st := s.Stream()
		send(t, s, 0, 5*time.Second)
		s.Close()
		time.Sleep(58 * time.Second)
		if i := st.Describe(); i.State != Interrupted || strings.Contains(playlist(st), "ENDLIST") {
			t.Fatal(i.State)
		}
		time.Sleep(4 * time.Second)
		if i := st.Describe(); i.State != Ended || !strings.Contains(playlist(st), "ENDLIST") {
			t.Fatal(i.State)
		}
		s = publish(t, all, "demo")
		over, _ := st.Window(0).View()
		send(t, s, 0, 5*time.Second)
		if i := st.Describe(); i.State != Live || strings.Contains(playlist(st), "ENDLIST") {
			t.Fatal(i.State)
		}
		if v, _ := st.Window(0).View(); v.Segments[0].MSN != over.Next {
			t.Errorf("it begins with segment %d of a broadcast that is over; the new one's first is %d", v.Segments[0].MSN, over.Next)
		}
		verify(t, st)
		s.Close()
		time.Sleep(time.Minute + keepEnded + 5*time.Second)
		if v, _ := st.Window(0).View(); v.Playable() {
			t.Fatal("the media of a stream long ended are kept")
		}
	})
}

// TestEnd: who says that it is over is waited for a moment, and longer once back.
//
// Clause: hls-endlist
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const grace = time.Minute
		all := newStreams(t, t.TempDir())
		go all.Run(t.Context())
		s := publish(t, all, "demo")
		st := s.Stream()
		is := func(want Status, closed bool) {
			t.Helper()
			if got := st.Describe().State; got != want || strings.Contains(playlist(st), "ENDLIST") != closed {
				t.Fatalf("%s, want %s:\n%s", got, want, playlist(st))
			}
		}
		send(t, s, 0, 5*time.Second)
		s.End()
		s.Close() // comes late
		time.Sleep(farewell - time.Second)
		is(Interrupted, false)
		s = publish(t, all, "demo") // in time, and slow to send
		time.Sleep(10 * time.Second)
		is(Interrupted, false)
		send(t, s, 0, 5*time.Second)
		is(Live, false)
		s.End()
		time.Sleep(farewell + 2*time.Second)
		is(Ended, false)
		time.Sleep(grace)
		is(Ended, true)
		s = publish(t, all, "demo")
		send(t, s, 0, 5*time.Second)
		is(Live, false)
		s.Close() // lost this time
		time.Sleep(30 * time.Second)
		is(Interrupted, false)
	})
}

// TestEndWithALongGrace: as long as a broadcaster who said that it is over may come back, its playlist has its media.
//
// Clause: hls-endlist
func TestEndWithALongGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const grace = 2 * keepEnded
		all := newStreams(t, t.TempDir())
		all.config.Grace = grace
		go all.Run(t.Context())
		s := publish(t, all, "demo")
		st := s.Stream()
		send(t, s, 0, 5*time.Second)
		s.End()
		media := func() int { return strings.Count(playlist(st), "#EXTINF") }
		had := media()
		if had == 0 {
			t.Fatal("no media is listed")
		}
		time.Sleep(grace - time.Second)
		if n := media(); n != had {
			t.Errorf("%d segments are listed of %d", n, had)
		}
		time.Sleep(keepEnded)
		if n := media(); n != had {
			t.Errorf("of the ended playlist %d segments are listed of %d", n, had)
		}
		time.Sleep(5 * time.Second)
		if n := media(); n != 0 {
			t.Errorf("%d segments are held on", n)
		}
	})
}

// Clause: hls-discontinuity
func TestJumpGoesOn(t *testing.T) {
	all := newStreams(t, t.TempDir())
	s := publish(t, all, "demo")
	send(t, s, 0, 3*time.Second)
	send(t, s, time.Hour, time.Hour+3*time.Second)
	v, _ := s.Stream().Window(0).View()
	if d := v.Newest().Discontinuity; d == 0 {
		t.Fatal("no discontinuity where the timestamps jump")
	}
	s.Close()
}

func TestFrameTooBig(t *testing.T) {
	s := publish(t, newStreams(t, t.TempDir()), "demo")
	if err := s.Write(media.Frame{Video: true, Key: true, Bytes: make([]byte, media.MaxFrame+1)}); !errors.Is(err, ErrFrame) {
		t.Fatal(err)
	}
	s.Close()
}

func TestNames(t *testing.T) {
	all := newStreams(t, t.TempDir())
	for _, name := range []string{"", "..", "a/b", "a b", "ä", strings.Repeat("x", 65), "a\x00", "a."} {
		if _, err := all.Publish(name, "rtmp"); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
}

func TestDamagedState(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "demo"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "demo", "state.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newStreams(t, dir).Publish("demo", "rtmp"); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Fatal("numbering must not begin anew over a damaged state:", err)
	}
}
