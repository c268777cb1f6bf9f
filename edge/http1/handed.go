package http1

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// handed is a connection that was read from. It is net/http's server's from then on, which answers what it refuses without asking its handler in a few fixed
// bytes, that pages of other sites cannot read and that do not say what to do: they are written here as the front would write them.
type handed struct {
	net.Conn
	fields []byte // static; of answers that come from here
	unread []byte
	begins atomic.Bool // what is written next may be the beginning of an answer
}

// sealed is one by TLS: that it is tells its server's handlers.
type sealed struct {
	handed
	tls *tls.Conn
}

// ConnectionState is what net/http's server asks for.
func (s *sealed) ConnectionState() tls.ConnectionState { return s.tls.ConnectionState() }

// handOn returns a connection of which something was read as it was before that.
func handOn(conn net.Conn, unread, fields []byte) net.Conn {
	if t, ok := conn.(*tls.Conn); ok {
		return &sealed{handed{Conn: conn, fields: fields, unread: unread}, t}
	}
	return &handed{Conn: conn, fields: fields, unread: unread}
}

// NetConn returns the connection itself, as that of crypto/tls does.
func (h *handed) NetConn() net.Conn { return h.Conn }

// CloseWrite is what net/http's server asks for when it refuses a request: who is refused need not wait for the end of the answer until all is closed.
func (h *handed) CloseWrite() error {
	if c, ok := h.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Read implements net.Conn.
func (h *handed) Read(b []byte) (int, error) {
	if len(h.unread) == 0 {
		n, err := h.Conn.Read(b)
		if n > 0 {
			h.begins.Store(true)
		}
		return n, err
	}
	h.begins.Store(true)
	n := copy(b, h.unread)
	if h.unread = h.unread[n:]; len(h.unread) == 0 {
		h.unread = nil
	}
	return n, nil
}

// SetWriteDeadline implements net.Conn. The server lifts it when an answer has ended: what comes next was perhaps read with what was answered.
func (h *handed) SetWriteDeadline(at time.Time) error {
	if at.IsZero() {
		h.begins.Store(true)
	}
	return h.Conn.SetWriteDeadline(at)
}

// Write implements net.Conn.
func (h *handed) Write(b []byte) (int, error) {
	if !h.begins.Load() || !h.begins.Swap(false) { // else it is no answer's beginning
		return h.Conn.Write(b)
	}
	why := bare(b)
	if why == nil {
		return h.Conn.Write(b)
	}
	if _, err := h.Conn.Write(why.answer(h.fields, true)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// bareFields are those of an answer that net/http's server gives by itself; bareExpect is how one begins to who expects what it does not know.
const (
	bareFields = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
	bareExpect = "HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\n"
)

// bare returns what is to be said in place of an answer that net/http's server gives by itself; nil: it is none. Such a one comes in one piece, and no
// handler's begins so: those have a date before these fields. The 417 has one too, and a handler's like it would be one that refuses what is expected.
func bare(b []byte) *refusal {
	line, begins := bytes.CutPrefix(b, []byte("HTTP/1.1 "))
	if !begins { // frames of HTTP/2, and most of what bodies go on with
		return nil
	}
	if bytes.HasPrefix(b, []byte(bareExpect)) && bytes.HasSuffix(b, []byte("\r\nContent-Length: 0\r\n\r\n")) {
		return noExpect
	}
	line, said, is := bytes.Cut(line, []byte(bareFields))
	if !is || len(said) > len(line)+len("Unsupported transfer encoding") || bytes.IndexByte(line, '\n') >= 0 {
		return nil
	}
	switch status, text, _ := bytes.Cut(line, []byte(" ")); {
	case string(status) == "431":
		return longHead
	case string(status) == "501":
		return noCoding
	case string(status) == "505":
		return noVersion
	case string(status) != "400":
		return nil
	case bytes.HasSuffix(text, []byte("Host header")):
		return badHost
	case bytes.HasPrefix(text, []byte("Bad Request: invalid header")):
		return badField
	}
	return badHead
}
