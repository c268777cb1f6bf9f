package viewer

import (
	"crypto/sha256"
	"errors"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

var errUnverified = errors.New("viewer: bytes are not the chunk's")

// store keeps the chunks that the scheduler has not dropped. Every byte in it is verified. Owned by the session.
type store struct {
	chunks map[scheduler.Chunk]*chunk
}

// chunk is one chunk's record, address and what is held of it.
type chunk struct {
	record wire.Record
	url    string
	bytes  []byte              // nil until the first piece came; not written again where held says so
	hashes [][sha256.Size]byte // nil until verified
	held   []bool              // by piece
	sent   []bool              // by piece: what was passed on was checked once more
}

func (st *store) add(h scheduler.Chunk, r wire.Record, url string) {
	if st.chunks == nil {
		st.chunks = make(map[scheduler.Chunk]*chunk)
	}
	st.chunks[h] = &chunk{record: r, url: url}
}

// takeHashes keeps the hashes if they are those of the record.
func (c *chunk) takeHashes(payload []byte) bool {
	n := c.record.Pieces()
	if len(payload) != n*sha256.Size || sha256.Sum256(payload) != c.record.Digest {
		return false
	}
	if c.hashes == nil {
		c.hashes = split(payload)
	}
	return true
}

// split returns hashes that stand one after the other.
func split(b []byte) [][sha256.Size]byte {
	hashes := make([][sha256.Size]byte, len(b)/sha256.Size)
	for i := range hashes {
		copy(hashes[i][:], b[i*sha256.Size:])
	}
	return hashes
}

// takePieces keeps the pieces if all of them are true.
func (c *chunk) takePieces(first, count int, payload []byte) bool {
	if !c.within(first, count) || c.hashes == nil {
		return false
	}
	if verify(&c.record, c.hashes, first, count, payload) != nil {
		return false
	}
	c.keep(first, count, payload)
	return true
}

// keep stores verified bytes.
func (c *chunk) keep(first, count int, payload []byte) {
	if c.bytes == nil {
		c.bytes = make([]byte, c.record.Size)
		c.held = make([]bool, c.record.Pieces())
		c.sent = make([]bool, c.record.Pieces())
	}
	for i := first; i < first+count; i++ {
		from, to := c.record.PieceBounds(i, 1)
		if !c.held[i] {
			base, _ := c.record.PieceBounds(first, 1)
			copy(c.bytes[from:to], payload[from-base:to-base])
			c.held[i] = true
		}
	}
}

func (c *chunk) within(first, count int) bool {
	return first >= 0 && count > 0 && first+count <= c.record.Pieces()
}

// whole tells whether every piece is held.
func (c *chunk) whole() bool {
	for _, h := range c.held {
		if !h {
			return false
		}
	}
	return c.held != nil
}

// pieces returns the bytes of held pieces.
func (c *chunk) pieces(first, count int) ([]byte, bool) {
	if c.bytes == nil || !c.within(first, count) {
		return nil, false
	}
	for i := first; i < first+count; i++ {
		if !c.held[i] {
			return nil, false
		}
	}
	from, to := c.record.PieceBounds(first, count)
	return c.bytes[from:to], true
}

// bad counts the bytes of held pieces that are not the chunk's: an independent check of what goes out, made once for
// each piece.
func (c *chunk) bad(first, count int) (bytes uint64) {
	for i := first; i < first+count; i++ {
		if c.sent[i] {
			continue
		}
		c.sent[i] = true
		from, to := c.record.PieceBounds(i, 1)
		if sha256.Sum256(c.bytes[from:to]) != c.hashes[i] {
			bytes += uint64(to - from)
		}
	}
	return bytes
}

// verify checks pieces against the chunk's hashes.
func verify(r *wire.Record, hashes [][sha256.Size]byte, first, count int, payload []byte) error {
	base, end := r.PieceBounds(first, count)
	if len(payload) != end-base {
		return errUnverified
	}
	for i := first; i < first+count; i++ {
		from, to := r.PieceBounds(i, 1)
		if sha256.Sum256(payload[from-base:to-base]) != hashes[i] {
			return errUnverified
		}
	}
	return nil
}

// hashAll returns the hashes of a whole chunk's pieces if they are those of the record.
func hashAll(r *wire.Record, b []byte) ([][sha256.Size]byte, error) {
	if len(b) != int(r.Size) {
		return nil, errUnverified
	}
	hashes := make([][sha256.Size]byte, r.Pieces())
	sum := sha256.New()
	for i := range hashes {
		from, to := r.PieceBounds(i, 1)
		hashes[i] = sha256.Sum256(b[from:to])
		sum.Write(hashes[i][:])
	}
	if [sha256.Size]byte(sum.Sum(nil)) != r.Digest {
		return nil, errUnverified
	}
	return hashes, nil
}
