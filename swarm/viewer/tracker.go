package viewer

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/gorilla/websocket"

	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	trackerQueue = 128 // messages waiting for the socket; more are dropped
	trackerWrite = 5 * time.Second
	trackerHangs = 65 * time.Second // without a word: a tracker pings each 20 s
	outlastMost  = 2 * time.Minute  // that links outlive a refusal for good, and half of it at least
)

// tracker keeps a WebSocket to one of the trackers: its own goroutine dials, reads and dials again; one more writes.
type tracker struct {
	urls   []string
	stream string
	token  string                                                               // empty: none
	hangs  time.Duration                                                        // a tracker that says nothing for so long is left
	dial   func(ctx context.Context, network, address string) (net.Conn, error) // nil: as usual
	// Called on the tracker's goroutine, in order.
	up      func(*socket)
	down    func(*socket) // returns once all messages before it were acted on
	message func(*socket, []byte)
	denied  func(at, why string) // a handshake, by one for good; the others may take the viewer
	refused func(why string)     // by all trackers, for good
	away    func(at, why string) // one does not answer
	full    func(at, why string) // one has no room for now

	said atomic.Pointer[wire.Refused] // by the tracker on the socket that ended last
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
	retry := newRetry(t.urls, rand.Float64)
	for ctx.Err() == nil {
		began := time.Now()
		at := retry.url()
		answer, err := t.connected(ctx, at)
		if ctx.Err() == nil {
			t.tell(at, answer, err)
		}
		pause, again := t.pause(retry, answer, time.Since(began))
		if !again || !sleep(ctx, pause) {
			return
		}
	}
}

// outlast lets links outlive a refusal for good by a while: of a whole swarm that is refused at once the edge would have to carry at
// once what they do. Not for ever: who has no tracker is not told when the operator turns the swarm off.
func outlast(ctx context.Context, leave func()) {
	if sleep(ctx, outlastMost/2+time.Duration(rand.Float64()*float64(outlastMost/2))) {
		leave()
	}
}

// tell tells of a handshake that failed, but for refusals for good: those pause tells of.
func (t *tracker) tell(at string, answer *http.Response, err error) {
	switch {
	case err == nil:
	case answer == nil:
		t.away(at, err.Error())
	case answer.Header.Get("Retry-After") != "" && (answer.StatusCode == http.StatusServiceUnavailable || answer.StatusCode == http.StatusTooManyRequests):
		t.full(at, words(answer))
	case answer.StatusCode != http.StatusBadRequest && answer.StatusCode != http.StatusUnauthorized && answer.StatusCode != http.StatusForbidden:
		t.away(at, answer.Status)
	}
}

// words returns what a tracker answered to a handshake. The answer can be read once.
func words(answer *http.Response) string {
	why, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // the dialer has it in memory
	return printable(strings.TrimRight(answer.Status+": "+string(why), ": \r\n"))
}

// printable leaves of a tracker's text what does no more to a terminal than to be seen.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

// pause returns how long to wait before the next socket, false for ever. The answer is that of a handshake that failed, nil
// if there was none. Of answers 400, 401 and 403 are refusals, 429 and 503 say when to come back; whatever else is said comes
// from a proxy, and the tracker is away.
func (t *tracker) pause(retry *retry, answer *http.Response, lived time.Duration) (time.Duration, bool) {
	if answer != nil {
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		wait := time.Duration(seconds) * time.Second
		switch status := answer.StatusCode; {
		case status == http.StatusServiceUnavailable && wait > 0:
			return retry.busy(wait), true
		case status == http.StatusTooManyRequests && wait > 0:
			return retry.stay(wait), true
		case status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden:
			why := words(answer)
			if len(t.urls) > 1 {
				t.denied(retry.url(), why)
			}
			return t.deny(retry, 0, why)
		}
		return retry.lost(0), true
	}
	said := t.said.Swap(nil)
	if said == nil {
		return retry.lost(lived), true
	}
	wait := time.Duration(said.RetryAfter) * time.Second
	switch {
	case said.Reason == wire.RefusedMoving:
		return retry.moved(wait), true
	case wait == 0:
		return t.deny(retry, lived, said.Text)
	case said.Reason == wire.RefusedBusy:
		return retry.busy(wait), true
	}
	return retry.stay(wait), true
}

// deny is pause where a tracker will not have the viewer. That says nothing of the others: it may not have a new key yet.
func (t *tracker) deny(retry *retry, lived time.Duration, why string) (time.Duration, bool) {
	pause, again := retry.denied(lived)
	if !again {
		t.refused(why)
	}
	return pause, again
}

// connected dials and reads until the socket ends. It returns why a handshake failed, and what it was answered.
func (t *tracker) connected(ctx context.Context, to string) (*http.Response, error) {
	dialer := websocket.Dialer{
		NetDialContext: t.dial, HandshakeTimeout: trackerWrite, ReadBufferSize: 4 << 10, WriteBufferSize: 4 << 10, Subprotocols: []string{wire.Subprotocol},
	}
	if t.token != "" {
		dialer.Subprotocols = append(dialer.Subprotocols, wire.TokenProtocol+t.token)
	}
	c, answer, err := dialer.DialContext(ctx, naming(to, t.stream), http.Header{})
	if err != nil {
		return answer, err
	}
	c.SetReadLimit(wire.MaxMessage)
	heard := func() { c.SetReadDeadline(time.Now().Add(t.hangs)) }
	pong := c.PingHandler()
	c.SetPingHandler(func(text string) error {
		heard()
		return pong(text)
	})
	heard()
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
		heard()
		if kind == websocket.BinaryMessage {
			t.message(s, b)
		}
	}
	close(ended)
	<-wrote
	t.down(s)
	return nil, nil
}

// naming returns a tracker's URL with the stream in its query.
func naming(to, stream string) string {
	mark := "?"
	if strings.Contains(to, mark) {
		mark = "&"
	}
	return to + mark + wire.StreamParameter + "=" + url.QueryEscape(stream)
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
