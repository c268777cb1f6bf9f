package edge

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// sheet is a body in a file in memory, from which the kernel sends without copying. It lasts as long as the cache or a viewer's answer holds it;
// what is on its way in the network then is the kernel's.
type sheet struct {
	file int
	refs atomic.Int32
}

// newSheet returns a sheet that its caller holds, or nil where there can be none.
func newSheet(body []byte) *sheet {
	file, err := unix.MemfdCreate("shoal-object", unix.MFD_CLOEXEC)
	if err != nil {
		return nil
	}
	for len(body) > 0 {
		n, err := unix.Write(file, body)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			unix.Close(file)
			return nil
		}
		body = body[n:]
	}
	s := &sheet{file: file}
	s.refs.Store(1)
	return s
}

// Hold implements http1.File.
func (s *sheet) Hold() (file int, ok bool) {
	for {
		n := s.refs.Load()
		if n == 0 {
			return 0, false
		}
		if s.refs.CompareAndSwap(n, n+1) {
			return s.file, true
		}
	}
}

// Release implements http1.File.
func (s *sheet) Release() {
	if s.refs.Add(-1) == 0 {
		unix.Close(s.file)
	}
}
