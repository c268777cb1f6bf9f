package tracker

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/shoal-live/shoal/swarm/wire"
)

// What the harvest is tried in: a swarm of 1,000 viewers, each at home in a network of its own, of whom each stays for half an
// hour in the mean. Who leaves is followed at once by somebody new.
const (
	crowd       = 1000
	meanStay    = 30 * time.Minute
	harvestTime = 10 * time.Minute
	mostLearned = crowd * 5 / 100
)

var harvesters = netip.MustParsePrefix("198.51.0.0/16") // where they come from

// inhabitant is a viewer that behaves: it offers to those of its cell with a higher ID and answers offers. Each signal holds
// its address.
type inhabitant struct {
	socket  *websocket.Conn
	address netip.Addr
	ended   chan struct{}
}

// payload is a signal's, with the address that tells where the viewer is.
func payload(kind wire.SignalKind, address netip.Addr) []byte {
	return fmt.Appendf([]byte{byte(kind)}, "v=0\r\na=candidate:1 1 udp 1 %v 5000 typ srflx raddr 0.0.0.0 rport 0\r\n", address)
}

// addressIn returns the address in a signal's payload.
func addressIn(payload []byte) (netip.Addr, bool) {
	words := strings.Fields(string(payload))
	for i, w := range words {
		if w == "typ" && i >= 2 {
			a, err := netip.ParseAddr(words[i-2])
			return a, err == nil
		}
	}
	return netip.Addr{}, false
}

func (w *world) inhabit(address netip.Addr, secret uint64) *inhabitant {
	v, response, err := w.dialAlone(by(address.String()), "", "")
	if err != nil {
		w.t.Fatal(err, response)
	}
	h := &inhabitant{socket: v.conn, address: address, ended: make(chan struct{})}
	h.send(joined(secret))
	go func() {
		defer close(h.ended)
		defer h.socket.Close()
		h.live()
	}()
	return h
}

func (h *inhabitant) send(b []byte) { h.socket.WriteMessage(websocket.BinaryMessage, b) }

func joined(secret uint64) []byte {
	j := wire.Join{Flags: wire.MayUpload, Weight: 100, Stream: "demo"}
	binary.BigEndian.PutUint64(j.Secret[:], secret)
	return j.Append(nil)
}

func (h *inhabitant) live() {
	var own wire.ViewerID
	met := map[wire.ViewerID]bool{}
	meet := func(id wire.ViewerID) {
		if id > own && !met[id] {
			met[id] = true
			h.send(wire.Signal{Type: wire.TypeSignal, Peer: id, Payload: payload(wire.Offer, h.address)}.Append(nil))
		}
	}
	for {
		_, b, err := h.socket.ReadMessage()
		if err != nil {
			return
		}
		switch wire.MessageType(b[0]) {
		case wire.TypeWelcome:
			w, _ := wire.ParseWelcome(b)
			own = w.Viewer
		case wire.TypeRoster, wire.TypeDelta, wire.TypeBridges:
			for _, id := range told(b) {
				meet(id)
			}
		case wire.TypeSignalled:
			g, _ := wire.ParseSignal(b, wire.TypeSignalled)
			if wire.SignalKind(g.Payload[0]) == wire.Offer {
				h.send(wire.Signal{Type: wire.TypeSignal, Peer: g.Peer, Payload: payload(wire.Answer, h.address)}.Append(nil))
			}
		}
	}
}

// told returns whom a message tells of.
func told(b []byte) (ids []wire.ViewerID) {
	switch wire.MessageType(b[0]) {
	case wire.TypeRoster:
		r, _ := wire.ParseRoster(b)
		for _, m := range r.Members {
			ids = append(ids, m.ID)
		}
	case wire.TypeDelta:
		d, _ := wire.ParseDelta(b)
		for _, m := range d.Set {
			ids = append(ids, m.ID)
		}
	case wire.TypeBridges:
		o, _ := wire.ParseBridges(b)
		for _, bridge := range o.Bridges {
			ids = append(ids, bridge.Member.ID)
		}
	}
	return ids
}

// harvester is one socket after the other, of one who wants to know addresses.
type harvester struct {
	w       *world
	address netip.Addr
	chance  *rand.Rand
	moves   bool // it changes what it says of itself to be moved
	joins   int
	learned map[netip.Addr]bool
}

// once joins, offers to everybody that it hears of, collects what it is told for a while, and leaves.
func (h *harvester) once(stay time.Duration) {
	v, _, err := h.w.dialAlone(by(h.address.String()), "", "")
	if err != nil {
		return // refused: too many joins
	}
	h.joins++
	v.read()
	v.conn.WriteMessage(websocket.BinaryMessage, joined(h.chance.Uint64()))
	offer := func(id wire.ViewerID) {
		v.conn.WriteMessage(websocket.BinaryMessage, wire.Signal{Type: wire.TypeSignal, Peer: id, Payload: payload(wire.Offer, h.address)}.Append(nil))
	}
	update := time.NewTicker(500 * time.Millisecond)
	defer update.Stop()
	for end := time.After(stay); ; {
		select {
		case b, ok := <-v.got:
			if !ok {
				return
			}
			switch wire.MessageType(b[0]) {
			case wire.TypeRoster, wire.TypeDelta, wire.TypeBridges:
				for _, id := range told(b) {
					offer(id)
				}
			case wire.TypeSignalled:
				g, _ := wire.ParseSignal(b, wire.TypeSignalled)
				if a, ok := addressIn(g.Payload); ok && !harvesters.Contains(a) {
					h.learned[a] = true
				}
				if wire.SignalKind(g.Payload[0]) == wire.Offer {
					v.conn.WriteMessage(websocket.BinaryMessage, wire.Signal{Type: wire.TypeSignal, Peer: g.Peer, Payload: payload(wire.Answer, h.address)}.Append(nil))
				}
			}
		case <-update.C:
			if h.moves {
				v.conn.WriteMessage(websocket.BinaryMessage, wire.Update{
					Flags: wire.MayUpload, Rendition: uint8(h.chance.IntN(3)), Weight: uint16(h.chance.IntN(3000)), RoundTrip: uint16(h.chance.IntN(300)),
				}.Append(nil))
			}
		case <-end:
			v.conn.WriteMessage(websocket.BinaryMessage, wire.Leave{}.Append(nil))
			v.conn.Close()
			v.reading.Wait()
			return
		}
	}
}

// TestHarvest tries ways to know everybody, one after the other on the same swarm, each from a network of its own. With -short it does so for a
// minute, in a swarm of one kind.
func TestHarvest(t *testing.T) {
	if testing.Short() {
		harvest(t, 10, time.Minute)
		return
	}
	for _, perNetwork := range []uint32{1, 10, 30} {
		t.Run(fmt.Sprint(perNetwork, " to a network"), func(t *testing.T) { harvest(t, perNetwork, harvestTime) })
	}
}

func harvest(t *testing.T, perNetwork uint32, lasts time.Duration) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{AddressHeader: "X-Real-IP"})
		chance := rand.New(rand.NewPCG(7, 11))
		next := uint32(0)
		newcomer := func() *inhabitant {
			next++
			n := next / perNetwork
			return w.inhabit(netip.AddrFrom4([4]byte{byte(20 + n%50), byte(n >> 8), byte(n), byte(1 + next%perNetwork)}), chance.Uint64())
		}
		var here []*inhabitant
		for range crowd {
			here = append(here, newcomer())
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		refused := func() float64 { return testutil.ToFloat64(w.tracker.privacy.unacquainted) }
		if n := refused(); n > 0 && perNetwork == 1 {
			t.Errorf("%.0f signals of viewers that do no harm were refused", n)
		}
		for net, c := range []struct {
			name    string
			sockets int
			stay    time.Duration
			moves   bool
			spread  bool // each socket comes from another address of the /24
		}{
			{name: "one socket, again and again, that moves", sockets: 1, stay: time.Second, moves: true},
			{name: "forty sockets of a /24 that come back now and then", sockets: 40, stay: 2 * time.Minute, spread: true},
		} {
			end, before := time.Now().Add(lasts), refused()
			harvested := make(chan *harvester, c.sockets)
			for i := range c.sockets {
				h := &harvester{w: w, chance: rand.New(rand.NewPCG(uint64(i), 13)), moves: c.moves, learned: map[netip.Addr]bool{}}
				h.address = netip.AddrFrom4([4]byte{198, 51, byte(net), 7})
				if c.spread {
					h.address = netip.AddrFrom4([4]byte{198, 51, byte(net), byte(i)})
				}
				go func() {
					for time.Now().Before(end) {
						h.once(min(c.stay, time.Until(end)))
						time.Sleep(10 * time.Millisecond)
					}
					harvested <- h
				}()
			}
			gone := 0
			for wait := meanStay / crowd; time.Now().Before(end); gone++ {
				time.Sleep(time.Duration(chance.ExpFloat64() * float64(wait)))
				i := chance.IntN(crowd)
				here[i].socket.Close()
				<-here[i].ended
				here[i] = newcomer()
			}
			joins, learned := 0, map[netip.Addr]bool{}
			for range c.sockets {
				h := <-harvested
				joins += h.joins
				maps.Copy(learned, h.learned)
			}
			t.Logf("%s: %d joins learned %d addresses, %.1f %% of %d at once, %.1f %% of the %d that were there; %.0f signals were refused",
				c.name, joins, len(learned), 100*float64(len(learned))/crowd, crowd, 100*float64(len(learned))/float64(crowd+gone), crowd+gone, refused()-before)
			if joins < c.sockets || len(learned) == 0 {
				t.Errorf("%s: nothing was tried", c.name)
			}
			if len(learned) > mostLearned {
				t.Errorf("%s: %d addresses learned, want %d at most", c.name, len(learned), mostLearned)
			}
		}
		for _, h := range here {
			h.socket.Close()
			<-h.ended
		}
	})
}
