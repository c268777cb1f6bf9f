package edge

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"
)

// A file of the disk tier:
//
//	0    "shoaldisk1\n"
//	11   u32 size of the head, bytes; u32 CRC-32C of the head
//	19   the head, JSON
//	     slices of 64 KiB of the body, the last one shorter: u32 CRC-32C, then the bytes
//
// All numbers are big-endian. A file is read from its beginning, and nothing of it is used before its checksum was seen.
const (
	diskMagic   = "shoaldisk1\n"
	diskSlice   = 64 << 10
	maxDiskHead = 16 << 10
)

var errFile = errors.New("edge: not a whole file of the disk tier")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// diskHead is what is kept of an object beside its body.
type diskHead struct {
	Path    string    `json:"path"`
	Size    int64     `json:"size"`
	Type    string    `json:"type"`
	Tag     string    `json:"tag"`
	Control string    `json:"control"`
	Pieces  string    `json:"pieces,omitempty"`
	Born    time.Time `json:"born"`
	Expires time.Time `json:"expires"`
}

func headOf(o *object) []byte {
	head, _ := json.Marshal(diskHead{o.target.path, int64(len(o.body)), o.typ, o.etag, o.control, o.pieces, o.born, o.expires})
	return head
}

// storedSize is how long an object's file is.
func storedSize(o *object) int64 {
	n := int64(len(o.body))
	return int64(len(diskMagic)+8+len(headOf(o))) + n + 4*((n+diskSlice-1)/diskSlice)
}

func writeObject(path string, o *object) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(appendHead(nil, headOf(o)))
	for body := o.body; len(body) > 0 && err == nil; {
		slice := body[:min(len(body), diskSlice)]
		body = body[len(slice):]
		if _, err = file.Write(binary.BigEndian.AppendUint32(nil, crc32.Checksum(slice, castagnoli))); err == nil {
			_, err = file.Write(slice)
		}
	}
	return errors.Join(err, file.Close())
}

func appendHead(b, head []byte) []byte {
	b = append(b, diskMagic...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(head)))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(head, castagnoli))
	return append(b, head...)
}

// readHead reads a file up to its body.
func readHead(from io.Reader) (h diskHead, err error) {
	var fixed [len(diskMagic) + 8]byte
	if _, err := io.ReadFull(from, fixed[:]); err != nil {
		return h, fmt.Errorf("%w: %w", errFile, err)
	}
	size := binary.BigEndian.Uint32(fixed[len(diskMagic):])
	if string(fixed[:len(diskMagic)]) != diskMagic || size > maxDiskHead {
		return h, errFile
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(from, text); err != nil {
		return h, fmt.Errorf("%w: %w", errFile, err)
	}
	if crc32.Checksum(text, castagnoli) != binary.BigEndian.Uint32(fixed[len(diskMagic)+4:]) {
		return h, fmt.Errorf("%w: its head has another checksum", errFile)
	}
	if err := json.Unmarshal(text, &h); err != nil || h.Size <= 0 {
		return h, errFile
	}
	return h, nil
}

// readSlice reads the next slice of a body into b.
func readSlice(from io.Reader, b []byte) error {
	var sum [4]byte
	if _, err := io.ReadFull(from, sum[:]); err != nil {
		return fmt.Errorf("%w: %w", errFile, err)
	}
	if _, err := io.ReadFull(from, b); err != nil {
		return fmt.Errorf("%w: %w", errFile, err)
	}
	if crc32.Checksum(b, castagnoli) != binary.BigEndian.Uint32(sum[:]) {
		return fmt.Errorf("%w: its bytes have another checksum", errFile)
	}
	return nil
}

// read takes an object from its file.
func (f *flight) read(file io.Reader) error {
	from := bufio.NewReaderSize(file, diskSlice)
	h, err := readHead(from)
	if err != nil {
		return err
	}
	o := f.o
	if h.Path != o.target.path || !time.Now().Before(h.Expires) {
		return fmt.Errorf("%w: it is that of %s, to %v", errFile, h.Path, h.Expires)
	}
	if h.Size > f.config.ObjectBytes || !f.cache.reserve(o, room(h.Size)+int64(len(h.Pieces))) {
		return errRoom
	}
	o.status, o.typ, o.etag, o.pieces = 200, h.Type, h.Tag, h.Pieces
	o.control = f.admission.shown(o.target, h.Control) // tokens may be asked for now that were not when it was written
	o.born, o.expires, o.size = h.Born, h.Expires, h.Size
	f.size, f.life, f.tag, f.showing = h.Size, time.Until(h.Expires), h.Tag, true
	if f.tag == mediaTag(o.target.path) {
		f.tag = "" // it may be the edge's own
	}
	if f.proof, err = f.ledger.proof(o.target, h.Size, h.Pieces); err != nil {
		return err
	}
	f.body = make([]byte, 0, h.Size)
	for int64(len(f.body)) < h.Size {
		next := f.body[:min(h.Size, int64(len(f.body))+diskSlice)]
		if err := readSlice(from, next[len(f.body):]); err != nil {
			f.drop()
			return err
		}
		f.body = next
		if err := f.show(); err != nil {
			return err
		}
	}
	if err := f.whole(); err != nil {
		return err
	}
	f.complete()
	return nil
}
