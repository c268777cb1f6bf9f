package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// refusal is why a connection is not handed on: net/http's server would refuse it too, but in an answer that pages of other sites cannot read, and
// that does not say what to do. Whatever could be read in two ways is refused as a whole, and its connection ends.
type refusal struct {
	status int
	text   string // what is wrong, and what to do
}

var (
	badLine = &refusal{http.StatusBadRequest,
		"the first line of the request is malformed: write the method, the target and HTTP/1.1, with one space between, and in the target as %XX what it may not hold"}
	badField = &refusal{http.StatusBadRequest,
		"a header field of the request is malformed: write each as Name: value in a line of its own, with one Host, and a length as one number"}
	badHost = &refusal{http.StatusBadRequest,
		"the request does not say which host it is for: write one field Host, with the host of the URL, and its port if it has one"}
	cutShort = &refusal{http.StatusBadRequest, "the request ends within its header: write an empty line behind the last field"}
	noCoding = &refusal{http.StatusNotImplemented,
		"the request's body has a transfer coding that is not known here: send it with Content-Length, or with Transfer-Encoding: chunked alone"}
	noVersion = &refusal{http.StatusHTTPVersionNotSupported, "this version of HTTP is not spoken here: write HTTP/1.1, or begin with the preface of HTTP/2"}
	badHash   = &refusal{http.StatusBadRequest, "the target has a fragment, which is for the viewer alone: leave out # and what is behind it"}
	noHost    = &refusal{http.StatusBadRequest, "the target is a URL without a host: write the host behind //, or the path alone"}
	misled    = &refusal{http.StatusMisdirectedRequest, "the target is a URL that is not answered by this connection: write the path alone, or a URL of http://, or of https:// by TLS"}
	badHead   = &refusal{http.StatusBadRequest, "the request is malformed: write the method, the target and HTTP/1.1, with one space between, then each field as Name: value in a line of its own, with a length as one number"}
	longHead  = &refusal{http.StatusRequestHeaderFieldsTooLarge, "the header of the request is too long: leave out cookies, or other fields that are not needed here"}
	noExpect  = &refusal{http.StatusExpectationFailed, "what the request expects cannot be met: leave out the field Expect, of which 100-continue alone is known here"}
)

// tooLong is the refusal of a head that has not come to its end after so many bytes.
func tooLong(head []byte) *refusal {
	most := strconv.Itoa(len(head)) + " bytes"
	if bytes.IndexByte(head, '\n') < 0 {
		return &refusal{http.StatusRequestURITooLong, "the target is longer than " + most + ": leave out what of its query is not needed"}
	}
	return &refusal{http.StatusRequestHeaderFieldsTooLarge, "the header of the request is longer than " + most + ": leave out cookies, or other fields that are not needed here"}
}

// endOfHead returns where the first head of b ends, which has been looked at up to seen before; less than 0: not yet.
func endOfHead(b []byte, seen int) int {
	for at := max(0, seen-len(crlf)); ; at++ { // the line feed before the empty line may have been seen
		next := bytes.IndexByte(b[at:], '\n')
		if next < 0 {
			return -1
		}
		at += next
		switch rest := b[at+1:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return at + 2
		case bytes.HasPrefix(rest, crlf):
			return at + 3
		}
	}
}

// judgeLine tells what is wrong with the first line of a head; nil: nothing.
func judgeLine(head []byte) *refusal {
	line := head[:bytes.IndexByte(head, '\n')+1]
	if _, err := http.ReadRequest(bufio.NewReader(io.MultiReader(bytes.NewReader(line), bytes.NewReader(crlf)))); err != nil {
		return badLine
	}
	return nil
}

// judge tells what is wrong with a whole head that is not plain; nil: nothing, it is to be handed on. It is at least as strict as net/http's server,
// whose own parser it asks first.
func judge(head []byte, secure bool) *refusal {
	if wrong := judgeLine(head); wrong != nil {
		return wrong
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	switch {
	case err == nil:
	case strings.HasPrefix(err.Error(), "unsupported transfer encoding"), strings.HasPrefix(err.Error(), "too many transfer encodings"):
		return noCoding
	default:
		return badField
	}
	fields, err := fieldsOf(head) // with Host, which net/http takes out
	if err != nil {
		return badField
	}
	preface := r.Method == "PRI" && r.RequestURI == "*" && r.Proto == "HTTP/2.0"
	if r.ProtoMajor != 1 && !preface {
		return noVersion
	}
	switch hosts := fields["Host"]; {
	case len(hosts) == 1 && httpguts.ValidHostHeader(hosts[0]):
	case len(hosts) > 0:
		return badHost
	case r.ProtoAtLeast(1, 1) && r.Method != http.MethodConnect && !(preface && len(fields) == 0):
		return badHost
	}
	for name, values := range fields {
		for _, value := range values {
			if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
				return badField
			}
		}
	}
	if wrong := judgeTarget(r, secure); wrong != nil {
		return wrong
	}
	for _, expected := range fields["Expect"] {
		if expected != "" && !strings.EqualFold(expected, "100-continue") {
			return noExpect
		}
	}
	return nil
}

// judgeTarget tells what is wrong with a target that net/http can read. A URL must be of a scheme that the connection is good for (RFC 9110 7.4), and
// have a host (4.2.1).
func judgeTarget(r *http.Request, secure bool) *refusal {
	target := r.RequestURI
	switch {
	case strings.Contains(target, "#"):
		return badHash
	case strings.HasPrefix(target, "/"), target == "*", r.Method == http.MethodConnect:
		return nil
	case r.URL.Scheme != "http" && (r.URL.Scheme != "https" || !secure):
		return misled
	case r.URL.Hostname() == "":
		return noHost
	}
	return nil
}

func fieldsOf(head []byte) (textproto.MIMEHeader, error) {
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(head[bytes.IndexByte(head, '\n')+1:])))
	return r.ReadMIMEHeader()
}

// refuseTime is how long who is refused has to take the answer.
const refuseTime = time.Second / 2

// refuse answers with what is wrong, after which the connection ends. What more the viewer says is read, as far as a head goes: what comes to a
// closed socket would take the answer back.
func (c *conn) refuse(why *refusal) {
	c.raw.SetDeadline(time.Now().Add(refuseTime))
	b := why.answer(c.front.fields, !bytes.HasPrefix(c.buffer, head))
	if _, err := c.stream().Write(b); err != nil {
		return
	}
	if half, ok := c.stream().(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		io.CopyN(io.Discard, c.stream(), int64(c.front.config.MaxHead))
	}
}

// answer returns a refusal as it is sent, with some more fields.
func (why *refusal) answer(fields []byte, whole bool) []byte {
	b := append(make([]byte, 0, 1<<10), "HTTP/1.1 "...)
	b = append(append(append(strconv.AppendInt(b, int64(why.status), 10), ' '), http.StatusText(why.status)...), crlf...)
	b = AppendDate(b, time.Now())
	b = append(b, "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\n"+
		"Cross-Origin-Resource-Policy: cross-origin\r\nTiming-Allow-Origin: *\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\nContent-Length: "...)
	b = append(append(append(strconv.AppendInt(b, int64(len(why.text)+1), 10), crlf...), fields...), crlf...)
	if whole {
		b = append(append(b, why.text...), '\n')
	}
	return b
}
