package main

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
)

// viewer is a socket that keeps its roster, and comes back when its tracker is gone.
type viewer struct {
	s      *swarm
	number int
	stream string
	over   atomic.Bool

	mu      sync.Mutex // guards what follows
	conn    *websocket.Conn
	tracker int // of the socket, -1 for none
	id      wire.ViewerID
	roster  wire.Roster
	signals chan string
	moving  time.Duration // its tracker stops, and told it to be at another within that
}

func (s *swarm) newViewer(stream string, number int) *viewer {
	return &viewer{s: s, number: number, stream: stream, tracker: -1, signals: make(chan string, 64)}
}

// run keeps the viewer connected, at first to one tracker, until it is over.
func (v *viewer) run(tracker int) {
	pause := time.Second
	for !v.over.Load() {
		if v.connect(tracker) {
			pause = time.Second
		}
		if v.over.Load() {
			return
		}
		tracker = (tracker + 1 + rand.N(len(v.s.trackers)-1)) % len(v.s.trackers)
		if within := v.told(); within > 0 {
			time.Sleep(rand.N(within))
			continue
		}
		time.Sleep(pause/5 + rand.N(pause*4/5))
		pause = min(2*pause, 12*time.Second)
	}
}

// told returns within which time the viewer was told to be at another tracker, 0 if it was not.
func (v *viewer) told() (within time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	within, v.moving = v.moving, 0
	return within
}

// connect joins at a tracker and follows what it says until the socket ends. It tells whether there was one.
func (v *viewer) connect(tracker int) bool {
	source := sourceAddr(v.number)
	dialer := websocket.Dialer{
		HandshakeTimeout: 5 * time.Second, ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10,
		NetDial:      (&net.Dialer{LocalAddr: source, Timeout: 5 * time.Second}).Dial,
		Subprotocols: []string{wire.Subprotocol},
	}
	conn, answer, err := dialer.Dial(v.s.trackers[tracker].url()+"?"+wire.StreamParameter+"="+v.stream, nil)
	if err != nil {
		if answer != nil {
			answer.Body.Close()
		}
		return false
	}
	defer conn.Close()
	join := wire.Join{Flags: wire.MayUpload, Weight: 100, Stream: v.stream}
	binary.BigEndian.PutUint64(join.Secret[:], uint64(v.number)+1)
	if conn.WriteMessage(websocket.BinaryMessage, join.Append(nil)) != nil {
		return false
	}
	v.mu.Lock()
	v.conn, v.tracker = conn, tracker
	v.mu.Unlock()
	for {
		_, b, err := conn.ReadMessage()
		if err != nil {
			break
		}
		v.take(b)
	}
	v.mu.Lock()
	v.conn, v.tracker = nil, -1
	v.mu.Unlock()
	return true
}

func (v *viewer) take(b []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch wire.MessageType(b[0]) {
	case wire.TypeWelcome:
		w, _ := wire.ParseWelcome(b)
		v.id = w.Viewer
	case wire.TypeRoster:
		v.roster, _ = wire.ParseRoster(b)
	case wire.TypeDelta:
		if d, _ := wire.ParseDelta(b); d.Version == v.roster.Version+1 {
			v.roster.Apply(d)
		}
	case wire.TypeRefused:
		if r, _ := wire.ParseRefused(b); r.Reason == wire.RefusedMoving {
			v.moving = time.Duration(r.RetryAfter) * time.Second
		}
	case wire.TypeSignalled:
		if s, err := wire.ParseSignal(b, wire.TypeSignalled); err == nil {
			select {
			case v.signals <- string(s.Payload[1:]):
			default:
			}
		}
	}
}

// seen is what a viewer knows at one moment.
type seen struct {
	id      wire.ViewerID
	tracker int
	members []wire.ViewerID
}

func (v *viewer) look() seen {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := seen{id: v.id, tracker: v.tracker}
	for _, m := range v.roster.Members {
		now.members = append(now.members, m.ID)
	}
	slices.Sort(now.members)
	return now
}

// leave takes leave of the tracker.
func (v *viewer) leave() {
	v.mu.Lock()
	conn := v.conn
	v.mu.Unlock()
	if conn != nil {
		conn.WriteMessage(2, wire.Leave{}.Append(nil))
		time.Sleep(100 * time.Millisecond)
	}
	v.end()
}

// end closes the socket without a word, as a page that is closed may.
func (v *viewer) end() {
	v.over.Store(true)
	v.mu.Lock()
	if v.conn != nil {
		v.conn.NetConn().Close()
	}
	v.mu.Unlock()
}

func (v *viewer) signal(to wire.ViewerID, text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.conn != nil {
		v.conn.WriteMessage(websocket.BinaryMessage,
			wire.Signal{Type: wire.TypeSignal, Peer: to, Payload: append([]byte{byte(wire.Offer)}, text...)}.Append(nil))
	}
}

func (v *viewer) hears(text string) bool {
	limit := time.After(joinWithin)
	for {
		select {
		case got := <-v.signals:
			if got == text {
				return true
			}
		case <-limit:
			return false
		}
	}
}
