package viewer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

const fetchTimeout = 5 * time.Second

var errNoHashes = errors.New("viewer: a range, and no hashes to verify it by")

// fetch is one request for pieces of a chunk at the edge. It runs on a goroutine of its own, and tells what is verified
// as it comes, where the answer brings the hashes or they were known; a whole chunk can be verified at its end.
type fetch struct {
	record       wire.Record
	url          string
	first, count int
	hashes       [][sha256.Size]byte // nil: not known
	ahead        *ahead              // whose answer will do; nil: none

	// Called on the fetch's goroutine. What is told is verified and not written again.
	hashed  func(hashes [][sha256.Size]byte)
	arrived func(first, count int, b []byte)
}

// run is the request from beginning to end. Without an error all pieces have arrived.
func (f *fetch) run(ctx context.Context, h *http.Client) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if f.url == "" {
		return errors.New("viewer: nobody told where the chunk is")
	}
	from, to := f.record.PieceBounds(f.first, f.count)
	span := ""
	if !f.whole() {
		span = fmt.Sprintf("bytes=%d-%d", from, to-1)
	}
	a := f.ahead.take(ctx)
	if a == nil {
		var err error
		if a, err = ask(ctx, h, f.url, span, ""); err != nil {
			return err
		}
	}
	defer a.Body.Close()
	if n := a.ContentLength; n > int64(to-from) {
		return fmt.Errorf("%s: %d bytes, more than %d", f.url, n, to-from)
	}
	if f.hashes == nil {
		if f.hashes = parseHashes(&f.record, a.Header.Get(wire.PiecesHeader)); f.hashes != nil {
			f.hashed(f.hashes)
		} else if !f.whole() {
			return errNoHashes
		}
	}
	b := make([]byte, to-from)
	if f.hashes == nil {
		return f.atOnce(a.Body, b)
	}
	return f.asItComes(a.Body, b)
}

func (f *fetch) whole() bool { return f.first == 0 && f.count == f.record.Pieces() }

// atOnce reads a whole chunk and verifies it against its record.
func (f *fetch) atOnce(body io.Reader, b []byte) error {
	if _, err := io.ReadFull(body, b); err != nil {
		return err
	}
	hashes, err := hashAll(&f.record, b)
	if err != nil {
		return err
	}
	f.hashed(hashes)
	f.arrived(f.first, f.count, b)
	return nil
}

// asItComes reads pieces and tells of them as soon as they are there.
func (f *fetch) asItComes(body io.Reader, b []byte) error {
	base, _ := f.record.PieceBounds(f.first, f.count)
	for got, told := 0, f.first; told < f.first+f.count; {
		n, err := body.Read(b[got:])
		got += n
		next := told
		for next < f.first+f.count {
			if _, end := f.record.PieceBounds(next, 1); end-base > got {
				break
			}
			next++
		}
		if next > told {
			from, to := f.record.PieceBounds(told, next-told)
			run := b[from-base : to-base]
			if err := verify(&f.record, f.hashes, told, next-told, run); err != nil {
				return err
			}
			f.arrived(told, next-told, run)
			told = next
		} else if err == io.EOF {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
	}
	return nil
}

// parseHashes reads the hashes of a chunk's pieces; nil if they are not its.
func parseHashes(r *wire.Record, text string) [][sha256.Size]byte {
	n := r.Pieces() * sha256.Size
	if len(text) != base64.RawStdEncoding.EncodedLen(n) {
		return nil
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(b) != n || sha256.Sum256(b) != r.Digest {
		return nil
	}
	return split(b)
}
