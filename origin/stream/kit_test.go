package stream

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"
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
