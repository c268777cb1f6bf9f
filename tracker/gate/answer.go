package gate

import (
	"bufio"
	"net"
	"net/http"
	"strconv"
	"time"
)

// answer is the answer to one handshake: the connection is taken over, or is told something and closed. What it is told
// goes with one call, and there is little of it.
type answer struct {
	l      *loan
	conn   *net.TCPConn // nil: it was taken over
	header http.Header
	status int
}

// answer has a handshake answered.
func (l *loan) answer(conn *net.TCPConn, r *http.Request, handler http.Handler) {
	a := &answer{l: l, conn: conn, header: http.Header{}}
	l.out.Reset()
	defer func() {
		a.l = nil // who holds it on holds nothing
		l.reader.Reset(nil)
		l.writer.Reset(nil)
	}()
	handler.ServeHTTP(a, r)
	if a.conn != nil {
		a.end()
	}
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.conn == nil {
		return 0, http.ErrHijacked
	}
	a.WriteHeader(http.StatusOK)
	return a.l.out.Write(b)
}

// Hijack implements http.Hijacker.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if a.conn == nil {
		return nil, nil, http.ErrHijacked
	}
	conn := a.conn
	a.conn = nil
	a.l.reader.Reset(conn)
	a.l.writer.Reset(conn)
	return conn, bufio.NewReadWriter(a.l.reader, a.l.writer), nil
}

// end says what is to be said, which the system has room for. All that the other side had to say was read, so it arrives.
func (a *answer) end() {
	defer a.conn.Close()
	a.WriteHeader(http.StatusOK)
	body := a.l.out.Bytes()
	a.header.Set("Connection", "close")
	a.header.Set("Content-Length", strconv.Itoa(len(body)))
	a.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	head := a.l.writer
	head.Reset(a.conn)
	head.WriteString("HTTP/1.1 " + strconv.Itoa(a.status) + " " + http.StatusText(a.status) + "\r\n")
	a.header.Write(head)
	head.WriteString("\r\n")
	head.Write(body)
	head.Flush()
}
