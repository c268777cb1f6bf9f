package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
)

// load reads the index of a file. One that was not closed, since the process or the machine died, is mended: torn ends are
// cut, and whole parts behind the last line become a segment. Only a file that nobody appends to may be loaded so.
func load(path string) (*Index, error) {
	b, err := os.ReadFile(path + indexSuffix)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	x, valid, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, path+indexSuffix)
	}
	info, err := os.Stat(path + mediaSuffix)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if x.Closed && info.Size() == x.End() && valid == len(b) {
		return x, nil
	}
	if err := mend(path, x); err != nil {
		return nil, fmt.Errorf("archive: mend %s: %w", path, err)
	}
	return x, nil
}

// mend brings a file and its index to the same end.
func mend(path string, x *Index) error {
	f, err := os.OpenFile(path+mediaSuffix, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	for len(x.Segments) > 0 && x.End() > info.Size() { // the machine died: lines came to the disk, media did not
		x.Segments = x.Segments[:len(x.Segments)-1]
	}
	if !x.Closed {
		if s, err := tail(f, x, info.Size()); err != nil {
			return err
		} else if s.Size > 0 {
			x.Segments = append(x.Segments, s)
		}
	}
	x.Closed = true
	if err := f.Truncate(x.End()); err != nil {
		return err
	}
	_ = replace(path+indexSuffix, x.Append(nil)) // where there is no room for it the next start mends again
	return nil
}

// tail makes a segment of the whole parts behind those that are in the index.
func tail(f *os.File, x *Index, size int64) (s Segment, err error) {
	s = Segment{MSN: x.Next(), At: x.End(), Date: x.EndDate()}
	lead, scale, err := leading(f, x.Size)
	if err != nil {
		return Segment{}, nil // not even its beginning is there
	}
	for at := s.At; ; {
		part, err := readPart(f, at, size)
		if err != nil {
			return Segment{}, err
		}
		var parsed fmp4.Parts
		if part == nil || parsed.Unmarshal(part) != nil || len(parsed) != 1 {
			return s, nil
		}
		long, key := measure(parsed[0], lead, scale)
		if s.Size == 0 {
			s.Independent = key
		}
		if s.Duration += long; s.Duration == 0 || s.Duration > maxSegment {
			return Segment{}, nil
		}
		at += int64(len(part))
		s.Size = at - s.At
	}
}

// leading returns which track tells how long parts are: the video, or the only one.
func leading(f *os.File, size int64) (id int, scale uint32, err error) {
	init := make([]byte, size)
	if _, err := f.ReadAt(init, 0); err != nil {
		return 0, 0, err
	}
	var tracks fmp4.Init
	if err := tracks.Unmarshal(bytes.NewReader(init)); err != nil {
		return 0, 0, err
	}
	for _, t := range tracks.Tracks {
		if id == 0 || t.Codec.IsVideo() {
			id, scale = t.ID, t.TimeScale
		}
	}
	if id == 0 || scale == 0 {
		return 0, 0, ErrPart
	}
	return id, scale, nil
}

func measure(part *fmp4.Part, lead int, scale uint32) (long time.Duration, key bool) {
	for _, t := range part.Tracks {
		if t.ID != lead || len(t.Samples) == 0 {
			continue
		}
		var ticks uint64
		for _, s := range t.Samples {
			ticks += uint64(s.Duration)
		}
		return time.Duration(ticks * uint64(time.Second) / uint64(scale)), !t.Samples[0].IsNonSyncSample
	}
	return 0, false
}

// largest bounds what is read at once of a file: a part has no more than 8 MiB.
const largest = 16 << 20

// readPart reads the moof and the mdat that stand at an offset, or nothing where they are not whole.
func readPart(f io.ReaderAt, at, size int64) ([]byte, error) {
	end := at
	for _, kind := range []string{"moof", "mdat"} {
		var header [8]byte
		if end+8 > size {
			return nil, nil
		}
		if _, err := f.ReadAt(header[:], end); err != nil {
			return nil, err
		}
		n := int64(binary.BigEndian.Uint32(header[:]))
		if string(header[4:]) != kind || n < 8 || end+n > size || end+n-at > largest {
			return nil, nil
		}
		end += n
	}
	part := make([]byte, end-at)
	_, err := f.ReadAt(part, at)
	return part, err
}

// replace writes a file anew, so that it is never seen half written.
func replace(name string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
