package http1

import (
	"net"
	"sync"
)

// sheafSize is how much of what TLS writes goes in one call. A viewer that takes it slowly holds as much.
const sheafSize = 64 << 10

// sheaf is a connection beneath TLS, which writes each record of 16 kB by itself: while it is bound, they go together.
type sheaf struct {
	net.Conn
	bound  bool
	buffer *[]byte // nil while there is nothing in it
}

var sheaves = sync.Pool{New: func() any { b := make([]byte, 0, sheafSize); return &b }}

// Write implements net.Conn.
func (s *sheaf) Write(b []byte) (int, error) {
	if !s.bound {
		return s.Conn.Write(b)
	}
	if s.buffer == nil {
		s.buffer = sheaves.Get().(*[]byte)
	}
	if len(*s.buffer)+len(b) > sheafSize {
		if err := s.flush(); err != nil {
			return 0, err
		}
		if len(b) > sheafSize {
			return s.Conn.Write(b)
		}
		s.buffer = sheaves.Get().(*[]byte)
	}
	*s.buffer = append(*s.buffer, b...)
	return len(b), nil
}

// release ends what bound began, and writes what is left.
func (s *sheaf) release() error {
	s.bound = false
	return s.flush()
}

func (s *sheaf) flush() error {
	if s.buffer == nil {
		return nil
	}
	_, err := s.Conn.Write(*s.buffer)
	*s.buffer = (*s.buffer)[:0]
	sheaves.Put(s.buffer)
	s.buffer = nil
	return err
}
