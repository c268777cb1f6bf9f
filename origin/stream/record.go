package stream

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"

	"github.com/shoal-live/shoal/swarm/wire"
)

// sign completes the record of data, and returns it as the playlist carries it, and the hashes of its pieces as their
// header does; none where there are too many of them.
func sign(key ed25519.PrivateKey, r wire.Record, data []byte) (record, pieces string) {
	r.PieceSize, r.Size = wire.PieceSize(len(data)), uint32(len(data))
	hashes := hash(data, int(r.PieceSize))
	r.Digest = sha256.Sum256(hashes)
	r.Signature = [64]byte(ed25519.Sign(key, r.SignedBytes()))
	if r.Pieces() <= wire.MaxServedHashes {
		pieces = base64.RawStdEncoding.EncodeToString(hashes)
	}
	return base64.RawStdEncoding.EncodeToString(r.Append(nil)), pieces
}

// hash returns the hashes of the pieces, one after the other.
func hash(data []byte, pieceSize int) (hashes []byte) {
	for len(data) > 0 {
		n := min(pieceSize, len(data))
		piece := sha256.Sum256(data[:n])
		hashes = append(hashes, piece[:]...)
		data = data[n:]
	}
	return hashes
}
