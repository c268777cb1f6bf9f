package http1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// talked is what became of what was said.
type talked struct {
	report  []string // what the handler was asked, and what was answered
	refused int      // the status with which the last request was refused before any handler; 0: it was not
	text    string   // said then
}

func (a talked) String() string {
	return strings.Join(append(a.report, fmt.Sprintf("refused with %d", a.refused)), "\n")
}

// talk says something to a server, behind a front or not, and tells what the handler was asked and what was answered, once nobody has
// anything more to say.
func talk(t *testing.T, ahead bool, handler http.Handler, said string) (became talked) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		var methods []string
		handed := !ahead // what is said then is net/http's
		var mu sync.Mutex
		heard := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			methods = append(methods, r.Method)
			asked = append(asked, fmt.Sprintf("%s %q %q %q %q %v %s close %v from %q", r.Method, r.RequestURI, r.URL.Path, r.URL.RawPath, r.Host, r.Header,
				r.Proto, r.Close, r.RemoteAddr))
			mu.Unlock()
			handler.ServeHTTP(w, r)
		})
		pipes := newPipes()
		listener := net.Listener(pipes)
		behind := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			handed = true
			mu.Unlock()
			heard(w, r)
		})
		server := &http.Server{Handler: behind, DisableGeneralOptionsHandler: true, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
		ended := make(chan struct{}, 4)
		if ahead {
			front := New(pipes, Config{Handler: heard, Log: slog.New(slog.DiscardHandler)})
			listener = front
			go func() { front.Run(t.Context()); ended <- struct{}{} }()
		} else {
			ended <- struct{}{}
		}
		go func() { server.Serve(listener); ended <- struct{}{} }()
		viewer, conn := net.Pipe()
		pipes.conns <- conn
		var got bytes.Buffer
		closed := false
		go func() { io.WriteString(viewer, said); ended <- struct{}{} }()
		go func() {
			b := make([]byte, 4<<10)
			for {
				n, err := viewer.Read(b)
				mu.Lock()
				got.Write(b[:n])
				closed = errors.Is(err, io.EOF)
				mu.Unlock()
				if err != nil {
					ended <- struct{}{}
					return
				}
			}
		}()
		synctest.Wait()
		mu.Lock()
		report := asked
		r := bufio.NewReader(bytes.NewReader(got.Bytes()))
		for i := 0; ; i++ {
			method := "GET"
			if i < len(methods) {
				method = methods[i]
			}
			if _, err := r.Peek(1); err != nil {
				break
			}
			resp, err := http.ReadResponse(r, &http.Request{Method: method})
			if err != nil {
				report = append(report, fmt.Sprintf("no answer: %v", err))
				break
			}
			body, err := io.ReadAll(resp.Body)
			if i >= len(methods) && resp.StatusCode >= 400 { // no handler was asked
				became.refused, became.text = resp.StatusCode, string(body)
				if !resp.Close || !handed && (resp.Header.Get("Access-Control-Allow-Origin") != "*" || resp.Header.Get("Cache-Control") != "no-store") {
					t.Errorf("%.300q: refused with %s %v", said, resp.Status, resp.Header)
				}
				break
			}
			if err != nil {
				body = nil // net/http keeps the last of what it cannot complete
			}
			report = append(report, fmt.Sprintf("%s %s %v %v of %d close %v %.200q of %d %v", resp.Proto, resp.Status, resp.Header, resp.TransferEncoding,
				resp.ContentLength, resp.Close, body, len(body), err))
		}
		became.report = append(report, fmt.Sprintf("closed %v", closed))
		mu.Unlock()
		viewer.Close()
		server.Close()
		pipes.Close()
		for range 4 {
			<-ended
		}
	})
	return became
}

// stricter is what a front refuses and net/http does not.
var stricter = []*refusal{noExpect, badHash, noHost, misled}

// emptyLine is one behind a request without a body.
const emptyLine = "\r\n\r\n\r\n"

// same compares what a front makes of what is said with what net/http makes of it. What the one refuses the other does, with the same status, but for
// what a front is stricter with: then it has asked for nothing that net/http would not have.
func same(t *testing.T, handler http.Handler, said string) {
	t.Helper()
	got, want := talk(t, true, handler, said), talk(t, false, handler, said)
	if got.String() == want.String() {
		return
	}
	empty := strings.HasPrefix(said, "\r\n") || strings.Contains(said, emptyLine) // which a front forgives
	if empty {
		want = talk(t, false, handler, strings.ReplaceAll(strings.TrimPrefix(said, "\r\n"), emptyLine, "\r\n\r\n"))
		if got.String() == want.String() {
			return
		}
	}
	if empty && got.refused == http.StatusBadRequest || slices.ContainsFunc(stricter, func(r *refusal) bool { return got.refused == r.status && got.text == r.text+"\n" }) {
		asked := slices.DeleteFunc(got.report, func(line string) bool { return strings.HasPrefix(line, "closed ") })
		for _, line := range asked {
			if !slices.Contains(want.report, line) {
				t.Errorf("%.300q: net/http has no %.2000s", said, line)
			}
		}
		return
	}
	t.Errorf("%.300q:\n%.2000s\n-- net/http:\n%.2000s", said, got, want)
}

// script is a handler that does a thing for each line: a number is a status, "Name: value" a field, flush and abort are what they say, and all else is
// written, ten thousand times what follows a *.
type script string

func (s script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for step := range strings.SplitSeq(string(s), "\n") {
		name, value, isField := strings.Cut(step, ": ")
		status, err := strconv.Atoi(step)
		repeated, isRepeated := strings.CutPrefix(step, "*")
		switch {
		case isField && name == "-": // neither that nor a default
			w.Header()[value] = nil
		case isField:
			w.Header().Add(name, value)
		case err == nil && 200 <= status && status <= 999: // there are no interim answers here, and net/http panics beyond
			w.WriteHeader(status)
		case step == "flush":
			w.(http.Flusher).Flush()
		case step == "abort":
			panic(http.ErrAbortHandler)
		case isRepeated:
			io.WriteString(w, strings.Repeat(repeated, 10_000))
		default:
			io.WriteString(w, step)
		}
	}
}

// scripts are the ways in which handlers answer.
var scripts = []script{
	"", "text", "<html>text", "404", "404\ntext", "404\n200\ntext", "799\ntext", "307\nLocation: /b", "204", "204\ntext", "Content-Length: 0\n204",
	"Etag: \"a\"\n304", "304\ntext", "Content-Type: a/b\nContent-Length: 4\n304", "Content-Type: a/b\ntext", "-: Content-Type\ntext",
	"Content-Encoding: br\ntext", "Content-Length: 4\ntext", "Content-Length: 0", "Content-Length: 4", "Content-Length: 9\ntext",
	"Content-Length: 3\nte\nxt", "Content-Length: 4\ntext\nmore", "Content-Length: 4\nflush\ntext", "flush", "flush\ntext", "text\nflush", "text\nflush\ntext",
	"*a", "text\n*a", "*a\n*b", "<html>\nflush\ntext", "Connection: close\ntext", "Date: never\ntext", "-: Date\ntext",
	"X: a\r\rEvil: b\ntext", "X: a\nX: b\ntext", "text\nflush\nX: a", "200\nX: a\ntext", "abort", "text\nflush\nabort", "Content-Length: 90000\n*a\nabort",
}

// TestSameAnswers: whatever a handler writes arrives as by net/http.
func TestSameAnswers(t *testing.T) {
	for _, handler := range scripts {
		for _, method := range []string{"GET", "HEAD"} {
			for _, field := range []string{"", "Connection: close\r\n"} {
				same(t, handler, method+" / HTTP/1.1\r\nHost: a\r\n"+field+"\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n")
			}
		}
	}
}

// sayings are requests that are whole, odd, or sent to have two servers read them differently.
var sayings = []string{
	"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD /a?b=c HTTP/1.1\r\nHost: a\r\nX: y\r\nX: z\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
	"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: b", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
	"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: b\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n", "GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
	"GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 3\r\n\r\n", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /\r\n", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a/b@c\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: [::1%25eth0]:80\r\n\r\n", "GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n",
	"GET http://b/c HTTP/1.1\r\nHost: a\r\n\r\n", "GET //b/c HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a%2fb%00?c%zz HTTP/1.1\r\nHost: a\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /a\\..\\b/../c;d HTTP/1.1\r\nHost: a\r\n\r\n", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET https://b/c HTTP/1.1\r\nHost: a\r\n\r\n", "GET ftp:b HTTP/1.1\r\nHost: a\r\n\r\n", "GET http:///c HTTP/1.1\r\nHost: a\r\n\r\n", "GET HTTP://:80 HTTP/1.1\r\nHost: a\r\n\r\n",
	"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET : HTTP/1.1\r\nHost: a\r\n\r\n", "GET /: HTTP/1.1\r\nHost: a\r\n\r\n", "GET ? HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, x\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nConnection: CLOSE\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTrailer: X\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nPragma: no-cache\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\t\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\tX: z\r\n\r\n",
	"get / HTTP/1.1\r\nHost: a\r\n\r\n", "GETX / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "",
}

// FuzzSame: whatever is said to a front, and whatever its handler answers, is as if net/http's server were there alone, but that who is refused
// can read it on any page.
func FuzzSame(f *testing.F) {
	for i, handler := range scripts {
		f.Add(string(handler), sayings[i%len(sayings)])
	}
	for i, said := range sayings {
		f.Add(string(scripts[i%len(scripts)]), said)
		f.Add("text", said+"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
		f.Add("text", "GET /before HTTP/1.1\r\nHost: a\r\n\r\n"+said)
	}
	f.Fuzz(func(t *testing.T, handler, said string) {
		fields := strings.ToLower(handler)
		for _, name := range []string{"content-length: ", "connection: ", "transfer-encoding: ", "trailer", "content-type: "} { // what only a handler with a fault says wrong
			if strings.Contains(fields, name) && !slices.Contains(scripts, script(handler)) {
				t.Skip()
			}
		}
		if len(said) > 16<<10 || len(handler) > 1<<10 {
			t.Skip()
		}
		// Of half a head net/http may say sooner, or later, that it is none.
		same(t, script(handler), said+"\r\n\r\nGET /last HTTP/1.1\r\nHost: a\r\n\r\n")
	})
}
