package edge

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/shoal-live/shoal/swarm/wire"
)

// errFalse is why bytes are refused that are not those of their record.
var errFalse = errors.New("not what the record says")

// fact is what a verified record says of a chunk's bytes.
type fact struct {
	digest [sha256.Size]byte
	size   int
	piece  int
	last   bool // of its segment
}

func factOf(r *wire.Record) fact { return fact{r.Digest, int(r.Size), int(r.PieceSize), r.Last} }

// proof checks a body against the records of its chunks while it comes: one, or those of a segment's parts. Each byte is
// hashed once. Where the hashes of the pieces are known, what is said to be good is proved. Where only the chunk's digest is,
// all is called good but what completes the chunk, which waits for the digest: nobody gets the whole of what is false.
type proof struct {
	chunks []fact              // what is still to come
	hashes [][sha256.Size]byte // of the pieces of the first one; nil if they are not known
	sums   []byte              // hashes of its pieces so far
	at     int                 // where the next piece begins
	end    int                 // of the first chunk
	total  int                 // of all
}

func newProof(chunks []fact, hashes [][sha256.Size]byte) *proof {
	p := &proof{chunks: chunks, hashes: hashes, end: chunks[0].size}
	for _, c := range chunks {
		p.total += c.size
	}
	return p
}

// blind tells whether bytes are called good before they are proved.
func (p *proof) blind() bool { return p.hashes == nil }

// done tells whether all is proved.
func (p *proof) done() bool { return len(p.chunks) == 0 }

// take looks at a body that has grown, and returns how much of it is good. What comes after the last chunk is not.
func (p *proof) take(body []byte) (good int, err error) {
	for len(p.chunks) > 0 {
		c := p.chunks[0]
		next := min(p.at+c.piece, p.end)
		if len(body) < next {
			break
		}
		sum := sha256.Sum256(body[p.at:next])
		if n := len(p.sums) / sha256.Size; p.hashes != nil && p.hashes[n] != sum {
			return p.at, fmt.Errorf("%w: piece %d differs", errFalse, n)
		}
		p.sums = append(p.sums, sum[:]...)
		if next < p.end {
			p.at = next
			continue
		}
		if p.hashes == nil && sha256.Sum256(p.sums) != c.digest {
			return p.at, fmt.Errorf("%w: the bytes before %d differ", errFalse, p.end)
		}
		p.at, p.sums, p.hashes, p.chunks = next, p.sums[:0], nil, p.chunks[1:]
		if len(p.chunks) > 0 {
			p.end += p.chunks[0].size
		}
	}
	if p.hashes != nil || p.done() {
		return p.at, nil
	}
	return len(body), nil
}

// splitHashes reads the hashes that came with a chunk. They are those that its record signs, or an error.
func splitHashes(c fact, text string) ([][sha256.Size]byte, error) {
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(b) != (c.size+c.piece-1)/c.piece*sha256.Size || sha256.Sum256(b) != c.digest {
		return nil, fmt.Errorf("%w: the hashes of its pieces are others", errFalse)
	}
	hashes := make([][sha256.Size]byte, len(b)/sha256.Size)
	for i := range hashes {
		hashes[i] = [sha256.Size]byte(b[i*sha256.Size:])
	}
	return hashes, nil
}
