package gate

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// by is a handler that says by whom a request was answered.
type by string

func (b by) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("By", string(b))
	w.Header().Set("Retry-After", "7")
	http.Error(w, r.RemoteAddr, http.StatusTooManyRequests)
}

// open opens a gate whose handshakes a handler serves, before a server that says it was the server, and that waits so long for a header
// to be whole.
func open(t *testing.T, handler http.Handler, patience time.Duration) (address string, closed func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := New(listener, "/tracker", handler, func(net.Conn) {}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { g.Run(ctx); close(ended) }()
	server := &http.Server{Handler: by("server"), ReadHeaderTimeout: patience}
	served := make(chan struct{})
	go func() { server.Serve(g); close(served) }()
	closed = func() {
		cancel()
		<-ended
		server.Close()
		<-served
	}
	t.Cleanup(closed)
	return listener.Addr().String(), closed
}

// lines are those of a request, with the endings that they should have.
func lines(l ...string) string { return strings.Join(l, "\r\n") + "\r\n\r\n" }

var usually = []string{
	"GET /tracker?stream=demo HTTP/1.1", "Host: tv.example:8080", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
	"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
}

// with is a usual handshake with one of its lines replaced, or one more.
func with(i int, line string) string {
	l := append([]string(nil), usually...)
	if i == len(l) {
		return lines(append(l, line)...)
	}
	l[i] = line
	return lines(l...)
}

var requests = []struct{ name, said, by string }{
	{"handshake", lines(usually...), "gate"},
	{"no query", with(0, "GET /tracker HTTP/1.1"), "gate"},
	{"address", with(1, "Host: [2001:db8::1]:80"), "gate"},
	{"tab", with(6, "X-A:\tb"), "gate"},
	{"another path", with(0, "GET /trackers HTTP/1.1"), "server"},
	{"root", with(0, "GET / HTTP/1.1"), "server"},
	{"whole URL", with(0, "GET http://tv.example/tracker HTTP/1.1"), "server"},
	{"POST", with(0, "POST /tracker HTTP/1.1"), "server"},
	{"HTTP/1.0", with(0, "GET /tracker HTTP/1.0"), "server"},
	{"HTTP/2.0", with(0, "GET /tracker HTTP/2.0"), ""},
	{"no handshake", with(2, "Upgrade: h2c"), "server"},
	{"nothing to upgrade", with(3, "Connection: keep-alive"), "server"},
	{"no host", with(1, "Hosts: a"), ""},
	{"empty host", with(1, "Host:"), "server"},
	{"odd host", with(1, "Host: a/b"), ""},
	{"two hosts", with(6, "Host: b"), ""},
	{"no body", with(6, "Content-Length: 0"), "gate"},
	{"body", with(6, "Content-Length: 1") + "a", "server"},
	{"chunks", with(6, "Transfer-Encoding: chunked") + "0\r\n\r\n", "server"},
	{"expectation", with(6, "Expect: 100-continue"), "server"},
	{"a line goes on", with(6, "X-A: b\r\n c"), "gate"},
	{"no name", with(6, ": b"), ""},
	{"space in a name", with(6, "X A: b"), ""},
	{"zero", with(6, "X-A: \x00"), ""},
	{"not in ASCII", with(6, "X-A: \xc3\xa9"), "server"},
	{"line feeds", strings.ReplaceAll(lines(usually...), "\r", ""), "server"},
	{"return alone", with(6, "X-A: a\rX-B: b"), ""},
	{"something behind", lines(usually...) + "\x82", "server"},
	{"long", with(6, "X-A: "+strings.Repeat("a", mostHeader)), "server"},
	{"never whole", "GET /tracker HTTP/1.1\r\nHost: a\r\n", "408"},
}

func TestWhoAnswers(t *testing.T) {
	address, _ := open(t, by("gate"), 100*time.Millisecond)
	for _, c := range requests {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			io.WriteString(conn, c.said)
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if c.by == "408" { // the server gives up, as it does
				if err == nil && answer.StatusCode != http.StatusRequestTimeout {
					t.Errorf("answered %s", answer.Status)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			if c.by == "" { // net/http has no handler for that
				if answer.Header.Get("By") != "" || answer.StatusCode < 400 {
					t.Errorf("answered %s by %q", answer.Status, answer.Header.Get("By"))
				}
				return
			}
			if answer.Header.Get("By") != c.by || answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "7" {
				t.Errorf("answered %s %v", answer.Status, answer.Header)
			}
			if string(body) != conn.LocalAddr().String()+"\n" {
				t.Errorf("it came from %q", body)
			}
			if c.by == "gate" {
				if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("the connection goes on: %v", err)
				}
			}
		})
	}
}

// TestInPieces: what does not come at once is the server's.
func TestInPieces(t *testing.T) {
	address, _ := open(t, by("gate"), time.Minute)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	for _, c := range lines(usually...) {
		conn.Write([]byte(string(c)))
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || answer.StatusCode != http.StatusTooManyRequests {
		t.Errorf("%v, %v", answer, err)
	}
}

// TestTakenOver has sockets taken over from the gate and from the server behind it.
func TestTakenOver(t *testing.T) {
	up := websocket.Upgrader{ReadBufferSize: 300, WriteBufferSize: 300}
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := up.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := w.Write([]byte("late")); err != http.ErrHijacked {
			t.Errorf("written after the connection was taken over: %v", err)
		}
		if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
			t.Error("taken over twice")
		}
		go func() {
			defer conn.Close()
			for {
				kind, b, err := conn.ReadMessage()
				if err != nil {
					return
				}
				conn.WriteMessage(kind, b)
			}
		}()
	})
	address, _ := open(t, echo, time.Minute)
	for range 20 { // loans are used again
		conn, answer, err := websocket.DefaultDialer.Dial("ws://"+address+"/tracker?stream=a", http.Header{"Origin": {"http://" + address}})
		if err != nil {
			t.Fatal(answer, err)
		}
		defer conn.Close()
		for _, text := range []string{"a", strings.Repeat("b", 5000)} {
			conn.WriteMessage(websocket.TextMessage, []byte(text))
			if _, b, err := conn.ReadMessage(); err != nil || string(b) != text {
				t.Fatalf("%q, %v", b, err)
			}
		}
	}
}

// TestClose closes a gate before which somebody stands who says nothing, and one who said something odd.
func TestClose(t *testing.T) {
	address, closed := open(t, by("gate"), time.Minute)
	silent, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, with(0, "GET / HTTP/1.1"))
	if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
		t.Fatal(err)
	}
	closed()
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("who says nothing is told something")
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("a closed gate is open")
	}
}

// TestCloseAsOneComes closes a gate between the moment in which it takes note of a connection and that in which it begins to
// listen to it.
func TestCloseAsOneComes(t *testing.T) {
	if !direct {
		t.Skip("here the gate listens to nobody")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	g := New(listener, "/tracker", by("gate"), func(net.Conn) {}, slog.New(slog.DiscardHandler))
	if !g.expect(conn.(*net.TCPConn)) {
		t.Fatal("the gate is closed")
	}
	g.Close()
	began := time.Now()
	g.await(conn.(*net.TCPConn))
	if took := time.Since(began); took > sayWithin/2 {
		t.Errorf("it listened for %v", took)
	}
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("who says nothing is told something")
	}
}

// TestPanic has the handler panic, before and after it has taken the connection over: each time that connection ends, the log
// has it once, and the next handshake is served.
func TestPanic(t *testing.T) {
	if !direct {
		t.Skip("here the gate serves nobody")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch why, _ := url.QueryUnescape(r.URL.RawQuery); why {
		case "taken over":
			http.NewResponseController(w).Hijack()
			panic("after all")
		case "aborted":
			panic(http.ErrAbortHandler)
		case "at once":
			panic("at once")
		}
		by("gate").ServeHTTP(w, r)
	})
	var said bytes.Buffer // written by connections that come one after the other
	gone := make(chan struct{}, 1)
	g := New(listener, "/tracker", handler, func(net.Conn) { gone <- struct{}{} }, slog.New(slog.NewTextHandler(&said, nil)))
	ended := make(chan struct{})
	go func() { g.Run(t.Context()); close(ended) }()
	defer func() { g.Close(); <-ended }()
	for _, c := range []struct{ name, logged string }{
		{"at once", "TestPanic"}, {"taken over", "TestPanic"}, {"aborted", ""}, {"", ""},
	} {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(conn, with(0, "GET /tracker?"+strings.ReplaceAll(c.name, " ", "%20")+" HTTP/1.1"))
		told, err := io.ReadAll(conn)
		if err != nil || (len(told) == 0) != (c.name != "") {
			t.Errorf("%q: told %q, %v", c.name, told, err)
		}
		<-gone
		text := said.String()
		said.Reset()
		if strings.Count(text, "\n") > 1 || !strings.Contains(text, c.logged) || (text == "") != (c.logged == "") {
			t.Errorf("%q: the log says %q", c.name, text)
		}
	}
}

// FuzzHandshake: what the gate takes, net/http's server would have taken too, and read as the same.
func FuzzHandshake(f *testing.F) {
	for _, c := range requests {
		f.Add([]byte(c.said))
	}
	pipes := &pipes{next: make(chan net.Conn)}
	got := make(chan *http.Request, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r })}
	served := make(chan struct{})
	go func() { server.Serve(pipes); close(served) }()
	f.Cleanup(func() { close(pipes.next); <-served; server.Close() })
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > mostHeader || !whole(b, "/tracker") {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(b))))
		if err != nil || !usual(r) {
			return
		}
		here, there := net.Pipe()
		defer here.Close()
		pipes.next <- there
		go here.Write(b)
		answer, err := http.ReadResponse(bufio.NewReader(here), nil)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%q: the server says %v, %v", b, answer, err)
		}
		same := <-got
		if r.URL.String() != same.URL.String() || r.Host != same.Host || len(r.Header) != len(same.Header) {
			t.Fatalf("%q: the server reads %v %v %v", b, same.URL, same.Host, same.Header)
		}
		for name, values := range r.Header {
			if strings.Join(values, "\n") != strings.Join(same.Header[name], "\n") {
				t.Fatalf("%q: the server reads %s as %q", b, name, same.Header[name])
			}
		}
	})
}

// pipes is a listener.
type pipes struct{ next chan net.Conn }

func (p *pipes) Accept() (net.Conn, error) {
	c, ok := <-p.next
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p *pipes) Close() error   { return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
