package viewer

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/shoal-live/shoal/swarm/wire"
)

// lobby is a tracker of one cell, small enough to read.
type lobby struct {
	mu      sync.Mutex
	members map[wire.ViewerID]*guest
	version uint32
	group   sync.WaitGroup
	beacons int
	hasty   int  // beacons that came before their time
	off     bool // nobody is in the cell
	barred  bool // whoever comes is refused
	away    int  // so many were
}

type guest struct {
	wire.Member
	c       *websocket.Conn
	since   time.Time
	beacons int
}

func newLobby() *lobby { return &lobby{members: make(map[wire.ViewerID]*guest)} }

func (l *lobby) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.refuses() {
		http.Error(w, "token expired", http.StatusForbidden)
		return
	}
	c, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	l.group.Add(1)
	defer l.group.Done()
	defer c.Close()
	_, b, err := c.ReadMessage()
	if err != nil {
		return
	}
	j, err := wire.ParseJoin(b)
	if err != nil {
		return
	}
	sum := sha256.Sum256(j.Secret[:])
	g := &guest{wire.Member{ID: wire.ViewerID(binary.BigEndian.Uint64(sum[:])), Flags: j.Flags, Weight: j.Weight}, c, time.Now(), 0}
	l.change(func() {
		l.members[g.ID] = g
		c.WriteMessage(websocket.BinaryMessage, wire.Welcome{Viewer: g.ID, BeaconSeconds: 1}.Append(nil))
	})
	defer l.change(func() { delete(l.members, g.ID) })
	for {
		_, b, err := c.ReadMessage()
		if err != nil || len(b) == 0 {
			return
		}
		switch wire.MessageType(b[0]) {
		case wire.TypeUpdate:
			if u, err := wire.ParseUpdate(b); err == nil {
				l.change(func() { g.Flags, g.Weight = u.Flags, u.Weight })
			}
		case wire.TypeSignal:
			if s, err := wire.ParseSignal(b, wire.TypeSignal); err == nil {
				l.mu.Lock()
				if to := l.members[s.Peer]; to != nil {
					out := wire.Signal{Type: wire.TypeSignalled, Peer: g.ID, Payload: s.Payload}
					to.c.WriteMessage(websocket.BinaryMessage, out.Append(nil))
				}
				l.mu.Unlock()
			}
		case wire.TypeBeacon:
			l.mu.Lock()
			l.beacons++
			if g.beacons++; time.Since(g.since) < time.Duration(g.beacons-1)*time.Second {
				l.hasty++
			}
			l.mu.Unlock()
		case wire.TypeLeave:
			return
		}
	}
}

// change alters the cell and sends everybody the whole roster.
func (l *lobby) change(how func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	how()
	if l.off {
		return
	}
	l.version++
	r := wire.Roster{Cell: 1, Version: l.version}
	for _, g := range l.members {
		r.Members = append(r.Members, g.Member)
	}
	b := r.Append(nil)
	for _, g := range l.members {
		g.c.WriteMessage(websocket.BinaryMessage, b)
	}
}

// turn turns P2P off or on for all.
func (l *lobby) turn(off bool) {
	l.change(func() {
		l.off = off
		var c wire.Control
		if off {
			c.Flags = wire.Off
		}
		for _, g := range l.members {
			g.Flags &^= wire.Ready
			g.c.WriteMessage(websocket.BinaryMessage, c.Append(nil))
		}
	})
}

// bar ends all sockets, as a restart does, and refuses who comes then.
func (l *lobby) bar() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.barred = true
	for _, g := range l.members {
		g.c.Close()
	}
	l.members = make(map[wire.ViewerID]*guest)
}

func (l *lobby) refuses() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.barred {
		l.away++
	}
	return l.barred
}

func (l *lobby) turnedAway() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.away
}

func (l *lobby) close() {
	l.mu.Lock()
	for _, g := range l.members {
		g.c.Close()
	}
	l.mu.Unlock()
	l.group.Wait()
}
