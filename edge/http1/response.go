package http1

import (
	"bufio"
	"bytes"
	"cmp"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// handle has the handler answer a request. It tells whether the connection goes on.
func (c *conn) handle(r *http.Request) bool {
	w := watch{conn: c, Context: c.front.requests}
	defer w.end()
	a := response{conn: c, header: http.Header{}, bodiless: r.Method == http.MethodHead, close: c.head.Close || c.front.ending.Load()}
	c.front.config.Handler.ServeHTTP(&a, r.WithContext(&w))
	return a.finish() && w.end()
}

var readers = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

// request makes what handlers read.
func (c *conn) request() (*http.Request, error) {
	reader := readers.Get().(*bufio.Reader)
	defer readers.Put(reader)
	reader.Reset(bytes.NewReader(c.buffer[:c.head.size]))
	r, err := http.ReadRequest(reader)
	if err != nil {
		return nil, err
	}
	if c.address == "" {
		c.address = c.raw.RemoteAddr().String()
	}
	r.RemoteAddr = c.address
	if c.tls != nil {
		state := c.tls.ConnectionState()
		r.TLS = &state
	}
	return r, nil
}

// maxKept is how much of an answer that comes without its length waits for its end, since the length is known then.
const maxKept = 2 << 10

// response is an answer that a handler writes. It goes to the connection as it is written; the head along with the first of the body.
type response struct {
	conn     *conn
	header   http.Header
	status   int    // 0: there is none yet
	left     int64  // bytes that the head has promised; -1: none
	bodiless bool   // to HEAD, or by the status
	untyped  bool   // the body says what it is
	close    bool   // the connection ends with it
	sent     bool   // the head is
	pending  []byte // the head, but for how the body ends
	kept     []byte // of a body without length
	err      error
}

// Header implements http.ResponseWriter.
func (a *response) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter. There are no interim answers.
func (a *response) WriteHeader(status int) {
	if a.status != 0 || status < 200 {
		return
	}
	a.status = status
	a.left = -1
	if !a.allowed() { // a body, so nothing is said of one either
		a.bodiless = true
		a.header.Del("Content-Length")
		if status == http.StatusNotModified {
			a.header.Del("Content-Type")
		}
	}
	_, typed := a.header["Content-Type"]
	a.untyped = !typed && a.allowed() && a.header.Get("Content-Encoding") == ""
	if n, err := strconv.ParseInt(a.header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		a.left = n
	} else {
		a.header.Del("Content-Length")
	}
	a.close = a.close || a.conn.front.ending.Load() || fold([]byte(a.header.Get("Connection")), "close")
	a.pending = a.appendHead(nil)
}

// allowed tells whether answers of its status have bodies.
func (a *response) allowed() bool {
	return a.status != http.StatusNoContent && a.status != http.StatusNotModified
}

func (a *response) appendHead(b []byte) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(a.status), 10)
	b = append(append(append(b, ' '), cmp.Or(http.StatusText(a.status), "status code "+strconv.Itoa(a.status))...), "\r\n"...)
	a.header.Del("Connection")
	a.header.Del("Transfer-Encoding")
	if _, dated := a.header["Date"]; !dated {
		b = AppendDate(b, time.Now())
	}
	if a.close {
		b = append(b, "Connection: close\r\n"...)
	}
	return append(AppendFields(b, a.header), a.conn.front.fields...)
}

// AppendDate appends a Date field.
func AppendDate(b []byte, now time.Time) []byte {
	b = append(b, "Date: "...)
	b = now.UTC().AppendFormat(b, http.TimeFormat)
	return append(b, "\r\n"...)
}

// AppendFields appends fields as net/http writes them.
func AppendFields(b []byte, h http.Header) []byte {
	w := bytes.NewBuffer(b)
	_ = h.Write(w)
	return w.Bytes()
}

// Write implements http.ResponseWriter.
func (a *response) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	switch {
	case a.err != nil:
		return 0, a.err
	case len(b) == 0:
		return 0, nil
	case !a.allowed():
		return 0, http.ErrBodyNotAllowed
	case a.left < 0 && !a.sent && len(a.kept)+len(b) <= maxKept:
		a.kept = append(a.kept, b...)
		return len(b), nil
	case a.bodiless:
		a.begin(b)
		return len(b), a.err
	case a.left < 0:
		a.begin(b)
		return a.chunk(b), a.err
	case int64(len(b)) > a.left:
		a.close = true
		return 0, http.ErrContentLength
	}
	n := a.put(a.takeHead(b), b, time.Now())
	a.left -= int64(n)
	return n, a.err
}

// chunk sends b as a chunk, and returns how many bytes of it went.
func (a *response) chunk(b []byte) int {
	now := time.Now()
	n := a.put(append(strconv.AppendInt(nil, int64(len(b)), 16), "\r\n"...), b, now)
	a.put(nil, crlf, now)
	return n
}

// Files implements Sender.
func (a *response) Files() bool { return a.conn.head.Files }

// Send answers with what is sent as it is, in place of all else that a handler would write. It tells whether it has: not where
// the handler has begun, or the viewer asked for something else than the whole.
func (a *response) Send(answer Answer) bool {
	if a.status != 0 || !a.conn.head.Whole || a.close {
		return false
	}
	a.status, a.left, a.sent = http.StatusOK, 0, true
	n, err := a.conn.deliver(answer, time.Now())
	a.err = err
	answer.Tally.Count(n)
	return true
}

var (
	crlf      = []byte("\r\n")
	lastChunk = []byte("0\r\n\r\n")
)

// takeHead returns the head, where it is not sent yet; first is the first of the body, as far as it is known.
func (a *response) takeHead(first []byte) []byte {
	if a.sent {
		return nil
	}
	a.sent = true
	if a.untyped && len(first) > 0 {
		a.pending = append(append(append(a.pending, "Content-Type: "...), http.DetectContentType(first)...), "\r\n"...)
	}
	if a.left < 0 && !a.bodiless {
		return append(a.pending, "Transfer-Encoding: chunked\r\n\r\n"...)
	}
	return append(a.pending, "\r\n"...)
}

// put sends, and returns how many bytes of b went.
func (a *response) put(head, b []byte, now time.Time) int {
	if a.err != nil {
		return 0
	}
	n := 0
	n, a.err = a.conn.write(head, b, now)
	return max(0, n-len(head))
}

// Flush implements http.Flusher.
func (a *response) Flush() {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	a.begin(nil)
}

// begin sends the head and what was kept, unless they are sent; next is what comes after that.
func (a *response) begin(next []byte) {
	if a.sent {
		return
	}
	first := a.kept
	if len(first) == 0 {
		first = next
	}
	a.put(a.takeHead(first), nil, time.Now())
	if len(a.kept) > 0 && !a.bodiless {
		a.chunk(a.kept)
	}
}

// SetWriteDeadline is for http.ResponseController. A slice has WriteTime in any case. One that has passed ends the connection: any goroutine may set
// such, while the handler runs.
func (a *response) SetWriteDeadline(at time.Time) error {
	if !at.IsZero() && at.Before(time.Now()) {
		a.conn.cut()
		return nil
	}
	if d := at.Sub(a.conn.writeBy); !at.IsZero() && 0 <= d && d <= lax {
		return nil
	}
	a.conn.writeBy = at
	return a.conn.raw.SetWriteDeadline(at)
}

// finish ends the answer, and tells whether the connection can go on.
func (a *response) finish() bool {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	switch {
	case !a.sent && a.left < 0:
		if len(a.kept) > 0 || !a.bodiless {
			a.pending = append(strconv.AppendInt(append(a.pending, "Content-Length: "...), int64(len(a.kept)), 10), "\r\n"...)
		}
		a.left = 0
		head := a.takeHead(a.kept)
		if a.bodiless {
			a.kept = nil
		}
		a.put(head, a.kept, time.Now())
	case !a.sent:
		a.Flush()
	}
	switch {
	case a.bodiless:
	case a.left < 0:
		a.put(nil, lastChunk, time.Now())
	case a.left > 0:
		return false // less came than the head has promised
	}
	return a.err == nil && !a.close
}
