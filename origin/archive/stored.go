package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// stored reads one segment from its file as it was live: with the stream's times. It opens the file for each read, so
// thousands of them cost no descriptors, and one whose file was deleted fails and nothing else.
type stored struct {
	path     string
	bases    []Base
	at, size int64

	once sync.Once
	fix  []fix
	err  error
}

// fix is eight bytes of the file that are read as something else.
type fix struct {
	at    int64 // offset in the file
	bytes [8]byte
}

func newStored(path string, bases []Base, s *Segment) *stored {
	return &stored{path: path, bases: bases, at: s.At, size: s.Size}
}

// ReadAt reads at an offset in the file, within the segment.
func (s *stored) ReadAt(p []byte, at int64) (n int, err error) {
	if at < s.at || at >= s.at+s.size {
		return 0, io.EOF
	}
	f, err := os.Open(s.path)
	if err != nil {
		return 0, fmt.Errorf("archive: %w", err)
	}
	defer f.Close()
	s.once.Do(func() { s.fix, s.err = s.find(f) })
	if s.err != nil {
		return 0, s.err
	}
	short := int64(len(p)) > s.at+s.size-at
	p = p[:min(int64(len(p)), s.at+s.size-at)]
	if n, err = f.ReadAt(p, at); n < len(p) {
		return 0, fmt.Errorf("archive: %s is shorter than its index says: %w", s.path, errors.Join(err, io.ErrUnexpectedEOF))
	}
	for _, x := range s.fix {
		for i, b := range x.bytes {
			if o := x.at + int64(i) - at; o >= 0 && o < int64(n) {
				p[o] = b
			}
		}
	}
	if short {
		return n, io.EOF
	}
	return n, nil
}

// find goes through the segment's parts by their headers and works out the times that were.
func (s *stored) find(f *os.File) (all []fix, err error) {
	for at := s.at; at < s.at+s.size; {
		var header [8]byte
		if _, err := f.ReadAt(header[:], at); err != nil {
			return nil, fmt.Errorf("archive: %w", err)
		}
		size := int64(binary.BigEndian.Uint32(header[:]))
		if size < 8 || at+size > s.at+s.size {
			return nil, fmt.Errorf("%w: %s at %d", ErrPart, s.path, at)
		}
		if string(header[4:]) == "moof" {
			b := make([]byte, size)
			if _, err := f.ReadAt(b, at); err != nil {
				return nil, fmt.Errorf("archive: %w", err)
			}
			if err := restore(b, s.bases); err != nil {
				return nil, fmt.Errorf("%w: %s at %d", err, s.path, at)
			}
			times, _ := fragments(b) // restore went through them
			for _, t := range times {
				x := fix{at: at + offset(b, t.time)}
				copy(x.bytes[:], t.time)
				all = append(all, x)
			}
		}
		at += size
	}
	return all, nil
}

// offset returns where in b a slice of it begins.
func offset(b, of []byte) int64 { return int64(cap(b) - cap(of)) }
