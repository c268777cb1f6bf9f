package http1

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// sheafSize is how much of what TLS writes goes in one call. A viewer that takes it slowly holds as much.
const sheafSize = 64 << 10

// sheaf is a connection beneath TLS, which writes each record of 16 kB by itself: while it is bound, they go together. Who reads writes too, by TLS's
// own doing: alerts and new keys.
type sheaf struct {
	net.Conn

	mu     sync.Mutex // guards what follows
	bound  bool
	buffer *[]byte // nil while there is nothing in it
}

var sheaves = sync.Pool{New: func() any { b := make([]byte, 0, sheafSize); return &b }}

// NetConn returns the connection itself, as that of crypto/tls does.
func (s *sheaf) NetConn() net.Conn { return s.Conn }

// Write implements net.Conn.
func (s *sheaf) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
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

func (s *sheaf) bind() {
	s.mu.Lock()
	s.bound = true
	s.mu.Unlock()
}

// release ends what bind began, and writes what is left.
func (s *sheaf) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bound = false
	return s.flush()
}

// flush is called under mu.
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

// shake agrees with the viewer on TLS, and on the protocol above it.
func (c *conn) shake() (protocol string, ok bool) {
	c.sheaf = &sheaf{Conn: c.raw}
	t := tls.Server(c.sheaf, c.front.config.TLS)
	c.raw.SetDeadline(time.Now().Add(c.front.config.HeadTime))
	if err := t.HandshakeContext(c.front.requests); err != nil {
		if record, ok := errors.AsType[tls.RecordHeaderError](err); ok && unsealed(record) {
			c.refuse(byTLSAlone)
		}
		return "", false
	}
	c.raw.SetDeadline(time.Time{})
	c.tls = t
	return t.ConnectionState().NegotiatedProtocol, true
}

// unsealed tells whether what was to be TLS begins as a request of plain HTTP does.
func unsealed(begins tls.RecordHeaderError) bool {
	if begins.Conn == nil {
		return false // something else has gone wrong in a handshake
	}
	for _, method := range [...]string{"GET /", "HEAD ", "POST ", "PUT /", "PATCH", "DELET", "OPTIO"} {
		if string(begins.RecordHeader[:]) == method {
			return true
		}
	}
	return false
}

// byTLSAlone is the refusal of who speaks plain HTTP where TLS is spoken.
var byTLSAlone = &refusal{http.StatusBadRequest, "this port answers by TLS alone: write https:// in place of http://"}

// seal sends by TLS. A body that is small goes in the head's record.
func (c *conn) seal(head, body []byte) (sent int, err error) {
	c.sheaf.bind()
	defer func() {
		if failed := c.sheaf.release(); err == nil {
			err = failed
		}
	}()
	if 0 < len(head) && len(head)+len(body) <= maxRecord {
		b := records.Get().(*[]byte)
		defer records.Put(b)
		return c.tls.Write(append(append((*b)[:0], head...), body...))
	}
	for _, b := range [2][]byte{head, body} {
		n := 0
		if len(b) > 0 && err == nil {
			n, err = c.tls.Write(b)
		}
		sent += n
	}
	return sent, err
}

// maxRecord is the most that one record of TLS holds.
const maxRecord = 16 << 10

var records = sync.Pool{New: func() any { b := make([]byte, 0, maxRecord); return &b }}
