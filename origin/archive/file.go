package archive

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/shoal-live/shoal/origin/hls"
)

// file is a recording file that is appended to. What a failed write left behind is cut off, so it always ends with a whole
// part; its index is as long as its whole segments.
type file struct {
	// static
	path  string // without suffix
	media *os.File
	lines *os.File
	head  Head

	size    int64 // of whole parts, what comes next stands here
	indexed int64 // bytes of whole lines
	open    Segment
	next    uint64
	buffer  []byte
}

// create makes a file for a run of segments that begins with s.
func create(dir string, head Head, init []byte) (f *file, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	f = &file{path: filepath.Join(dir, baseName(head.First)), head: head, next: head.First}
	// The index is there before the media: of one alone it is known, and not of the other, that it is of no use.
	if f.lines, err = os.OpenFile(f.path+indexSuffix, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if err = f.line(appendLine(nil, head)); err == nil {
		if f.media, err = os.OpenFile(f.path+mediaSuffix, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600); err == nil {
			err = f.append(init)
		}
	}
	if err != nil {
		f.remove()
		return nil, fmt.Errorf("archive: %w", err)
	}
	f.open.At = f.size
	return f, nil
}

// remove undoes create.
func (f *file) remove() {
	_ = f.lines.Close()
	if f.media != nil {
		_ = f.media.Close()
	}
	_ = os.Remove(f.path + mediaSuffix)
	_ = os.Remove(f.path + indexSuffix)
}

// begin opens the segment that comes next.
func (f *file) begin(s *hls.Segment) {
	f.open = Segment{MSN: s.MSN, At: f.size, Date: s.Date}
}

// write appends a part to the open segment. ErrPart means that it cannot stand in this file.
func (f *file) write(p *hls.Part) error {
	f.buffer = append(f.buffer[:0], p.Bytes...)
	if err := rebase(f.buffer, f.head.Bases); err != nil {
		return err
	}
	if err := f.append(f.buffer); err != nil {
		return err
	}
	if f.open.Duration == 0 {
		f.open.Independent = p.Independent
	}
	f.open.Duration += p.Duration
	return nil
}

// finish completes the open segment.
func (f *file) finish() (Segment, error) {
	f.open.Size = f.size - f.open.At
	if err := f.line(appendLine(nil, f.open)); err != nil {
		return Segment{}, err
	}
	done := f.open
	f.next++
	f.open = Segment{MSN: f.next, At: f.size}
	return done, nil
}

// drop takes the open segment's parts back.
func (f *file) drop() {
	f.size = f.open.At
	f.open = Segment{MSN: f.next, At: f.size}
	_ = f.media.Truncate(f.size) // the index does not know them, so the next start would cut them or make a segment of them
}

// close writes that nothing more comes. Media are on the disk, and not only with the system, when it returns. An index that has no
// room for its last segment is not closed, so that who reads it finds the segment's parts.
func (f *file) close() error {
	var err error
	if f.open.Duration > 0 {
		_, err = f.finish()
	}
	err = errors.Join(err, f.media.Sync())
	if err == nil {
		err = f.line([]byte(closing))
	}
	return errors.Join(err, f.lines.Sync(), f.media.Close(), f.lines.Close())
}

func (f *file) append(b []byte) error {
	if _, err := f.media.WriteAt(b, f.size); err != nil {
		_ = f.media.Truncate(f.size)
		return err
	}
	f.size += int64(len(b))
	return nil
}

func (f *file) line(b []byte) error {
	if _, err := f.lines.WriteAt(b, f.indexed); err != nil {
		_ = f.lines.Truncate(f.indexed)
		return err
	}
	f.indexed += int64(len(b))
	return nil
}
