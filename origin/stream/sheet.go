package stream

import (
	"errors"
	"io"
	"os"
	"time"
)

// errOther says that a file is not what was opened any more, or not as long.
var errOther = errors.New("stream: another file is in its place")

// sheet is a file that is written over as a whole, again and again. A write into memory that the system keeps of a file takes a microsecond or two,
// and more to tell Go's scheduler that it may last: that wakes its monitor, a thread of its own. So the scheduler is not told, as long as
// the disk does not make us wait: see docs/decisions/0032.
type sheet struct {
	file    *os.File
	careful time.Time // until then the scheduler is told
}

const (
	prompt  = 5 * time.Millisecond // what takes longer was waited for
	caution = time.Minute          // for so long after that we are careful
)

func openSheet(name string) (*sheet, error) {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	return &sheet{file: f}, nil
}

func (s *sheet) close() error { return s.file.Close() }

// overwrite writes b over the file, which has to be as long and where it was.
func (s *sheet) overwrite(b []byte) error {
	began := time.Now()
	if began.Before(s.careful) {
		return s.carefully(b)
	}
	n, err := overwriteRaw(s.file, b)
	if errors.Is(err, errors.ErrUnsupported) {
		return s.carefully(b)
	}
	if d := time.Since(began); d > prompt {
		s.careful = began.Add(d + caution)
	}
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return err
}

// carefully is overwrite where it may last.
func (s *sheet) carefully(b []byte) error {
	is, err := s.file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(s.file.Name())
	if err != nil {
		return err
	}
	if is.Size() != int64(len(b)) || !os.SameFile(is, there) {
		return errOther
	}
	_, err = s.file.WriteAt(b, 0)
	return err
}
