package stream

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/testclip"
	"github.com/shoal-live/shoal/swarm/wire"
)

// TestSignedHashes: what is served beside the media has the digest of the record, and is bounded.
func TestSignedHashes(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	for _, c := range []struct {
		name   string
		size   int
		pieces int // 0: too many to serve
	}{
		{"one byte", 1, 1},
		{"an init segment", 800, 1},
		{"a piece", 1128, 1},
		{"a piece and a byte", 1129, 2},
		{"a part of 1 Mbit/s", 41625, 37},
		{"as many as are served", 1 << 20, wire.MaxServedHashes},
		{"one more", 1<<20 + 1, 0},
		{"the largest", wire.MaxChunkSize, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			record, pieces := sign(key, wire.Record{}, bytes.Repeat([]byte{7}, c.size))
			if len(pieces) > 2800 {
				t.Errorf("a header of %d bytes", len(pieces))
			}
			hashes, err := base64.RawStdEncoding.DecodeString(pieces)
			if err != nil || len(hashes) != c.pieces*sha256.Size {
				t.Fatalf("%d bytes of hashes, want of %d pieces: %v", len(hashes), c.pieces, err)
			}
			b, err := base64.RawStdEncoding.DecodeString(record)
			if err != nil {
				t.Fatal(err)
			}
			r, err := wire.ParseRecord(b)
			if err != nil {
				t.Fatal(err)
			}
			if c.pieces > 0 && (r.Pieces() != c.pieces || sha256.Sum256(hashes) != r.Digest) {
				t.Errorf("the record is of %d pieces, or of other hashes", r.Pieces())
			}
		})
	}
}

// TestLateEnd: a part that was signed before it turned out to be the last of its segment is not said to be it, and the
// playlist goes on as after any other segment.
func TestLateEnd(t *testing.T) {
	s := publish(t, newStreams(t, t.TempDir()), "demo")
	send(t, s, 0, testclip.Interval)
	for n := 1; n <= 30; n++ {
		at := time.Duration(n) * testclip.Interval
		if n == 30 {
			at = 2600 * time.Millisecond // the frame before stands alone in its part
		}
		if err := s.Write(media.Frame{Video: true, DTS: at, PTS: at, Bytes: []byte{0, 0, 0, 2, 0x41, 1}}); err != nil {
			t.Fatal(err)
		}
	}
	v, _ := s.Stream().Window(0).View()
	if len(v.Segments) != 1 || len(v.Segments[0].Parts) != 3 {
		t.Fatalf("%d segments, the first of %d parts", len(v.Segments), len(v.Segments[0].Parts))
	}
	if r := recordOf(t, &v.Segments[0].Parts[2]); r.Last {
		t.Error("nobody could know that")
	}
	s.Close()
	v, _ = s.Stream().Window(0).View()
	end := v.Segments[len(v.Segments)-1]
	if r := recordOf(t, &end.Parts[len(end.Parts)-1]); !r.Last {
		t.Error("the last part of all is not said to be the last of its segment")
	}
}

func recordOf(t *testing.T, p *hls.Part) wire.Record {
	t.Helper()
	b, err := base64.RawStdEncoding.DecodeString(p.Record)
	if err != nil {
		t.Fatal(err)
	}
	r, err := wire.ParseRecord(b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
