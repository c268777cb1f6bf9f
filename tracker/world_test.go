package tracker

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a running tracker behind an HTTP server whose connections are pipes.
type world struct {
	t       testing.TB
	tracker *Tracker
	stop    context.CancelFunc
	ended   chan error
	accept  chan net.Conn
	closed  chan struct{}
	server  http.Server
	serving sync.WaitGroup
	viewers []*testViewer
	secrets int
	wrap    func(net.Conn) net.Conn // what the server is given of the next pipe; nil: the pipe
}

func newWorld(t testing.TB, config Config) *world {
	t.Helper()
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	tracker, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, tracker: tracker, ended: make(chan error, 1), accept: make(chan net.Conn), closed: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go func() { w.ended <- tracker.Run(ctx) }()
	mux := http.NewServeMux()
	mux.Handle("/tracker", tracker)
	mux.Handle("/api/v1/swarm", tracker.Stats())
	w.server.Handler = mux
	w.serving.Go(func() { w.server.Serve(w) })
	for tracker.Ready() != nil {
		time.Sleep(time.Millisecond)
	}
	t.Cleanup(w.end)
	return w
}

func (w *world) end() {
	w.stop()
	if err := <-w.ended; err != nil {
		w.t.Error(err)
	}
	for _, v := range w.viewers {
		v.conn.Close()
		v.reading.Wait()
	}
	w.server.Close()
	w.serving.Wait()
}

func (w *world) Accept() (net.Conn, error) {
	select {
	case c := <-w.accept:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *world) Close() error   { close(w.closed); return nil }
func (w *world) Addr() net.Addr { return &net.TCPAddr{} }

func (w *world) dialPipe(string, string) (net.Conn, error) {
	here, there := net.Pipe()
	if w.wrap != nil {
		there = w.wrap(there)
	}
	select {
	case w.accept <- there:
		return here, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

// testViewer is a viewer's side of a socket. What comes is read at once, unless it is slow.
type testViewer struct {
	t       testing.TB
	conn    *websocket.Conn
	got     chan []byte
	reading sync.WaitGroup
	closed  error // once got is closed

	id      wire.ViewerID
	welcome wire.Welcome
	roster  wire.Roster
}

func (w *world) dial(header http.Header) (*testViewer, *http.Response, error) {
	return w.dialWith(header, "", "")
}

// dialWith names a stream and a token in the handshake, where they are not empty.
func (w *world) dialWith(header http.Header, stream, text string) (*testViewer, *http.Response, error) {
	v, response, err := w.dialAlone(header, stream, text)
	if err == nil {
		w.viewers = append(w.viewers, v)
	}
	return v, response, err
}

// dialAlone is dialWith for one that ends by itself; many may at a time.
func (w *world) dialAlone(header http.Header, stream, text string) (*testViewer, *http.Response, error) {
	dialer := websocket.Dialer{NetDial: w.dialPipe, Subprotocols: []string{wire.Subprotocol}}
	if text != "" {
		dialer.Subprotocols = append(dialer.Subprotocols, wire.TokenProtocol+text)
	}
	query := ""
	if stream != "" {
		query = "?" + wire.StreamParameter + "=" + stream
	}
	host := "tracker.example:8080"
	if h := header.Get("Host"); h != "" {
		host = h
	}
	conn, response, err := dialer.Dial("ws://"+host+"/tracker"+query, header)
	if err != nil {
		return nil, response, err
	}
	return &testViewer{t: w.t, conn: conn, got: make(chan []byte, 10000)}, response, nil
}

// open opens a socket and reads from it.
func (w *world) open() *testViewer {
	w.t.Helper()
	v, _, err := w.dial(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	v.read()
	return v
}

func (v *testViewer) read() {
	v.reading.Go(func() {
		defer close(v.got)
		for {
			_, b, err := v.conn.ReadMessage()
			if err != nil {
				v.closed = err
				return
			}
			v.got <- b
		}
	})
}

// join opens a socket, joins a stream and takes Welcome and Roster.
func (w *world) join(stream string) *testViewer {
	w.t.Helper()
	v := w.open()
	v.send(w.joinMessage(stream))
	v.welcomed()
	return v
}

// joinSlow joins one that does not read, so that its writer blocks on the first message, and another of its cell.
func (w *world) joinSlow() (slow, other *testViewer) {
	w.t.Helper()
	slow, _, err := w.dial(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	slow.send(w.joinMessage("demo"))
	synctest.Wait()
	return slow, w.join("demo")
}

// joinMessage returns the Join of a viewer that was not here before.
func (w *world) joinMessage(stream string) []byte {
	w.secrets++
	return wire.Join{Flags: wire.MayUpload, Weight: 100, Secret: secret(w.secrets), Stream: stream}.Append(nil)
}

func secret(n int) (s [16]byte) {
	binary.BigEndian.PutUint32(s[:], uint32(n))
	return s
}

func (v *testViewer) welcomed() {
	v.t.Helper()
	var err error
	if v.welcome, err = wire.ParseWelcome(v.next()); err != nil {
		v.t.Fatal("welcome:", err)
	}
	v.id = v.welcome.Viewer
	v.roster = v.nextRoster()
}

func (v *testViewer) send(b []byte) {
	v.t.Helper()
	if err := v.conn.WriteMessage(websocket.BinaryMessage, b); err != nil {
		v.t.Fatal(err)
	}
}

// next returns the next message, nil if none comes within a second or the socket is closed.
func (v *testViewer) next() []byte {
	select {
	case b := <-v.got:
		return b
	case <-time.After(time.Second):
		return nil
	}
}

func (v *testViewer) nextRoster() wire.Roster {
	v.t.Helper()
	r, err := wire.ParseRoster(v.next())
	if err != nil {
		v.t.Fatal("roster:", err)
	}
	return r
}

func (v *testViewer) nextDelta() wire.Delta {
	v.t.Helper()
	d, err := wire.ParseDelta(v.next())
	if err != nil {
		v.t.Fatal("delta:", err)
	}
	return d
}

func (v *testViewer) nextSignal() wire.Signal {
	v.t.Helper()
	s, err := wire.ParseSignal(v.next(), wire.TypeSignalled)
	if err != nil {
		v.t.Fatal("signal:", err)
	}
	return s
}

func (v *testViewer) silent() {
	v.t.Helper()
	if b := v.next(); b != nil {
		v.t.Fatalf("got %x, want nothing", b)
	}
}

// refused takes the rest of what comes: a Refused and a close.
func (v *testViewer) refused() (r wire.Refused, code int) {
	v.t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		select {
		case b, ok := <-v.got:
			if !ok {
				var closed *websocket.CloseError
				if errors.As(v.closed, &closed) {
					code = closed.Code
				}
				return r, code
			}
			if wire.MessageType(b[0]) == wire.TypeRefused {
				r, _ = wire.ParseRefused(b)
			}
		case <-timeout:
			v.t.Fatal("the socket stays open")
		}
	}
}

func signalTo(peer wire.ViewerID, text string) []byte {
	return wire.Signal{Type: wire.TypeSignal, Peer: peer, Payload: append([]byte{byte(wire.Offer)}, text...)}.Append(nil)
}

// bubble runs a test with virtual time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}
