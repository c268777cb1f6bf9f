package viewer

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	trackerQueue   = 128 // messages waiting for the socket; more are dropped
	trackerPatient = 12 * time.Second
	trackerWrite   = 5 * time.Second
)

// tracker keeps a WebSocket to the tracker: its own goroutine dials, reads and dials again; one more writes.
type tracker struct {
	url string
	// Called on the tracker's goroutine, in order.
	up      func(*socket)
	down    func(*socket)
	message func(*socket, []byte)

	wait atomic.Int64 // seconds that the tracker told us to stay away; -1 for ever
}

// socket is one connection to the tracker.
type socket struct {
	out     chan []byte
	dropped atomic.Uint64
}

// send queues a message; a full queue drops it.
func (s *socket) send(b []byte) {
	select {
	case s.out <- append([]byte(nil), b...):
	default:
		s.dropped.Add(1)
	}
}

// run stays connected until ctx ends or the tracker refuses for ever.
func (t *tracker) run(ctx context.Context) {
	pause := time.Second
	for ctx.Err() == nil {
		if t.connected(ctx) {
			pause = time.Second
		}
		switch stay := t.wait.Swap(0); {
		case stay < 0:
			return
		case stay > 0:
			pause = time.Duration(stay) * time.Second
		}
		// Half of the pause is jitter, so that viewers do not come back together.
		if !sleep(ctx, pause/2+rand.N(pause)) {
			return
		}
		pause = min(2*pause, trackerPatient)
	}
}

// connected dials and reads until the socket ends; true if it was open.
func (t *tracker) connected(ctx context.Context) bool {
	dialer := websocket.Dialer{HandshakeTimeout: trackerWrite, ReadBufferSize: 4 << 10, WriteBufferSize: 4 << 10}
	c, answer, err := dialer.DialContext(ctx, t.url, http.Header{})
	if err != nil {
		if answer != nil && answer.Body != nil {
			answer.Body.Close()
		}
		return false
	}
	c.SetReadLimit(wire.MaxMessage)
	s := &socket{out: make(chan []byte, trackerQueue)}
	ended, wrote := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(wrote)
		defer c.Close() // ends the reader
		s.write(ctx, c, ended)
	}()
	t.up(s)
	for {
		kind, b, err := c.ReadMessage()
		if err != nil {
			break
		}
		if kind == websocket.BinaryMessage {
			t.message(s, b)
		}
	}
	close(ended)
	<-wrote
	t.down(s)
	return true
}

// write sends what is queued until the reader ended or ctx did; then what is still queued (a Leave) and a close frame.
func (s *socket) write(ctx context.Context, c *websocket.Conn, ended <-chan struct{}) {
	for {
		select {
		case b := <-s.out:
			c.SetWriteDeadline(time.Now().Add(trackerWrite))
			if c.WriteMessage(websocket.BinaryMessage, b) != nil {
				return
			}
		case <-ended:
			return
		case <-ctx.Done():
			for {
				select {
				case b := <-s.out:
					c.SetWriteDeadline(time.Now().Add(time.Second))
					if c.WriteMessage(websocket.BinaryMessage, b) != nil {
						return
					}
				default:
					c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), time.Now().Add(time.Second))
					return
				}
			}
		}
	}
}
