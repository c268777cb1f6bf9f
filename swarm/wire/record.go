package wire

import "encoding/binary"

// Bounds of a record, checked by ParseRecord before anything is allocated for the chunk.
const (
	RecordSize    = 128
	SignedSize    = 64 // the bytes of a record before its signature
	MaxChunkSize  = 8 << 20
	MinPieceSize  = 1 << 10
	MaxPieceSize  = 16 << 10
	recordVersion = 1
)

// The flags of a record.
const (
	flagIndependent = 1 << iota
	flagLast
)

// RecordTag is the playlist line that carries a record: RecordTag, then standard base64 without padding. It stands
// directly after the line whose URI it describes.
const RecordTag = "#EXT-X-SHOAL-RECORD:"

// PiecesHeader is the HTTP response header in which origin and edge serve a chunk's piece hashes beside its bytes:
// standard base64 without padding of the SHA-256 of each piece, in order, 32 bytes each. It stands on every answer with
// bytes of a part or an init segment, the whole or a range, and on the answer to a HEAD, where the chunk has at most
// MaxServedHashes pieces; a whole segment that has parts has none. Its hashes are to be trusted once their SHA-256 is
// the record's digest: then each piece can be verified, and passed on, while the next is still on its way.
const PiecesHeader = "Shoal-Pieces"

// MaxServedHashes keeps the header below 2.8 kB. A chunk of more pieces than that, which is one of more than 1 MiB, is
// verified when it is whole.
const MaxServedHashes = 64

// signedPrefix keeps a record's signature from being valid for anything else.
const signedPrefix = "shoal chunk record 1\n"

// Record is what the origin says of a chunk: enough to verify every byte of it, whoever sends them.
//
//	0    version u8 = 1
//	1    flags u8: bit 0 independent (starts with a keyframe), bit 1 last (part of its segment); others are of
//	     later versions
//	2    piece size u16, bytes
//	4    chunk ID 16
//	20   discontinuity u32: the number of discontinuities before the chunk
//	24   duration u32, microseconds
//	28   size u32, bytes
//	32   digest 32: SHA-256 over the concatenated SHA-256 hashes of the pieces
//	64   signature 64: Ed25519 over "shoal chunk record 1\n" and the 64 bytes before it
//
// After the last part of a segment, part 0 of the next MSN follows. A part that is not said to be the last may be it all
// the same: an origin older than bit 1 never says it, and where a frame lasts for so long that none may join the segment
// after it, the segment turns out to have ended with a part that was signed before.
type Record struct {
	ID            ChunkID
	Independent   bool
	Last          bool
	PieceSize     uint16
	Discontinuity uint32
	Duration      uint32
	Size          uint32
	Digest        [32]byte
	Signature     [64]byte

	flags uint8 // those of later versions: not understood, but signed
}

// packetPayload is what one packet carries of a message: browsers and pion make SCTP packets of 1,191 bytes, of which the lengths of
// parts are multiples of 4, and headers take 28, or 32 where both ends interleave messages (RFC 8260), as pion's do.
const packetPayload = 1156

// PieceSize returns the piece size for a chunk of size bytes: about 32 pieces, each as large as fits with its frame's
// header into whole packets, at most 16 KiB. A packet costs a browser the same whether it is full or not.
func PieceSize(size int) uint16 {
	packets := max(1, (size/32+packetPayload/2)/packetPayload)
	return uint16(min(packets*packetPayload-FrameHeaderSize, MaxPieceSize))
}

// Pieces returns how many pieces the chunk has.
func (r *Record) Pieces() int {
	return (int(r.Size) + int(r.PieceSize) - 1) / int(r.PieceSize)
}

// PieceBounds returns where count pieces from number first on lie in the chunk's bytes.
func (r *Record) PieceBounds(first, count int) (from, to int) {
	return first * int(r.PieceSize), min((first+count)*int(r.PieceSize), int(r.Size))
}

// Append appends the record's 128 bytes to b.
func (r *Record) Append(b []byte) []byte {
	flags := r.flags
	if r.Independent {
		flags |= flagIndependent
	}
	if r.Last {
		flags |= flagLast
	}
	b = append(b, recordVersion, flags)
	b = binary.BigEndian.AppendUint16(b, r.PieceSize)
	b = r.ID.Append(b)
	b = binary.BigEndian.AppendUint32(b, r.Discontinuity)
	b = binary.BigEndian.AppendUint32(b, r.Duration)
	b = binary.BigEndian.AppendUint32(b, r.Size)
	b = append(b, r.Digest[:]...)
	return append(b, r.Signature[:]...)
}

// SignedBytes returns the message that the record's signature covers.
func (r *Record) SignedBytes() []byte {
	b := r.Append([]byte(signedPrefix))
	return b[:len(signedPrefix)+SignedSize]
}

// ParseRecord reads a record and checks its bounds. It does not check the signature.
func ParseRecord(b []byte) (Record, error) {
	if len(b) < RecordSize {
		return Record{}, ErrShort
	}
	if b[0] != recordVersion {
		return Record{}, ErrVersion
	}
	id, err := ParseChunkID(b[4:])
	if err != nil {
		return Record{}, err
	}
	r := Record{
		ID:            id,
		Independent:   b[1]&flagIndependent != 0,
		Last:          b[1]&flagLast != 0,
		PieceSize:     binary.BigEndian.Uint16(b[2:]),
		Discontinuity: binary.BigEndian.Uint32(b[20:]),
		Duration:      binary.BigEndian.Uint32(b[24:]),
		Size:          binary.BigEndian.Uint32(b[28:]),
		Digest:        [32]byte(b[32:64]),
		Signature:     [64]byte(b[64:128]),
		flags:         b[1] &^ (flagIndependent | flagLast),
	}
	if r.PieceSize < MinPieceSize || r.PieceSize > MaxPieceSize || r.Size == 0 || r.Size > MaxChunkSize {
		return Record{}, ErrBounds
	}
	return r, nil
}
