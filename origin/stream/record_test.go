package stream

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"testing"

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
		{"a piece", 1024, 1},
		{"a piece and a byte", 1025, 2},
		{"a part of 1 Mbit/s", 41625, 28},
		{"as many as are served", 1 << 20, wire.MaxServedHashes},
		{"one more", 1<<20 + 1, 0},
		{"the largest", wire.MaxChunkSize, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			record, pieces := sign(key, wire.ChunkID{}, bytes.Repeat([]byte{7}, c.size), 0, false, 0)
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
