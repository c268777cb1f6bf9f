package stream

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// sign returns the chunk record of data as the playlist carries it.
func sign(key ed25519.PrivateKey, id wire.ChunkID, data []byte, duration time.Duration, independent bool, discontinuity uint64) string {
	r := wire.Record{
		ID: id, Independent: independent, PieceSize: wire.PieceSize(len(data)), Discontinuity: uint32(discontinuity),
		Duration: uint32(duration / time.Microsecond), Size: uint32(len(data)),
	}
	r.Digest = digest(data, int(r.PieceSize))
	r.Signature = [64]byte(ed25519.Sign(key, r.SignedBytes()))
	return base64.RawStdEncoding.EncodeToString(r.Append(nil))
}

// digest hashes the hashes of the pieces.
func digest(data []byte, pieceSize int) [32]byte {
	all := sha256.New()
	for len(data) > 0 {
		n := min(pieceSize, len(data))
		piece := sha256.Sum256(data[:n])
		all.Write(piece[:])
		data = data[n:]
	}
	return [32]byte(all.Sum(nil))
}
