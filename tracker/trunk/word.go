package trunk

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Version is that of the batches.
const Version = 2

// Kind says what a word is.
type Kind uint8

// The words; see the package's comment.
const (
	GuestBeat Kind = 0x01
	Census    Kind = 0x02
	Enter     Kind = 0x03
	Change    Kind = 0x04
	Leave     Kind = 0x05
	Resend    Kind = 0x06
	Signal    Kind = 0x07

	Beat    Kind = 0x41
	Ask     Kind = 0x42
	Notice  Kind = 0x43
	Deliver Kind = 0x44
	Gone    Kind = 0x45
	Adieu   Kind = 0x46
	Taken   Kind = 0x47
	Bequest Kind = 0x48
	Rouse   Kind = 0x49
	Soon    Kind = 0x4a
)

// FromKeeper tells whether it is the keeper's word, and not a guest's.
func (k Kind) FromKeeper() bool { return k&0x40 != 0 }

// Numbered tells whether the word counts in its session.
func (k Kind) Numbered() bool { return k != GuestBeat && k != Beat && k != Ask && k != Adieu }

// What can be wrong with a batch.
var (
	ErrShort   = errors.New("trunk: short batch")
	ErrVersion = errors.New("trunk: another version")
	ErrCell    = errors.New("trunk: no such number of a cell")
	ErrName    = errors.New("trunk: a name is too long")
)

// Word is one word. Its body is part of the batch that it was read from.
type Word struct {
	Kind    Kind
	Stream  string
	Session uint64
	Number  uint32
	Body    []byte
}

// Begin begins a batch.
func Begin(b []byte, from string) []byte {
	return append(append(b, Version, byte(len(from))), from...)
}

// Append appends the word to a batch.
func (w Word) Append(b []byte) []byte {
	b = append(b, byte(w.Kind), byte(len(w.Stream)))
	b = append(b, w.Stream...)
	b = binary.BigEndian.AppendUint64(b, w.Session)
	b = binary.BigEndian.AppendUint32(b, w.Number)
	b = binary.BigEndian.AppendUint32(b, uint32(len(w.Body)))
	return append(b, w.Body...)
}

// Parse reads a batch.
func Parse(batch []byte) (from string, words []Word, err error) {
	r := reader{b: batch}
	if v := r.u8(); r.short {
		return "", nil, ErrShort
	} else if v != Version {
		return "", nil, ErrVersion
	}
	from = string(r.take(int(r.u8())))
	for len(r.b) > 0 && !r.short {
		w := Word{Kind: Kind(r.u8())}
		name := r.take(int(r.u8()))
		if len(name) > wire.MaxName {
			return "", nil, ErrName
		}
		w.Stream, w.Session, w.Number = string(name), r.u64(), r.u32()
		w.Body = r.take(int(min(r.u32(), math.MaxInt32)))
		words = append(words, w)
	}
	if r.short {
		return "", nil, ErrShort
	}
	return from, words, nil
}

// reader takes values off the front of b; what is read past its end is zero.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.b, r.short = nil, true
		return nil
	}
	taken := r.b[:n:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) u8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}
