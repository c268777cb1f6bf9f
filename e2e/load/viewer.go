//go:build linux

package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	streamName = "bench"
	wanted     = 8 // links that each viewer opens
	trickles   = 2 // candidates on each side, where they are messages of their own
)

// viewer is a viewer of Shoal: it joins, and offers links to some members of its cell if it wants any; it answers all
// who offer. When the cell is parted before an answer has come, it offers to another in place of who went.
type viewer struct {
	crowd   *crowd
	socket  *socket
	number  int
	id      uint64
	wants   int
	trickle bool
	joined  func() // once, with the first roster
	linked  func() // once, with the last answer

	members []uint64 // of the cell, in the order of their IDs
	offered map[uint64]uint32
	peers   map[uint64]bool // that answered
	offers  uint32          // so far
}

// run joins and serves the socket until it ends.
func (v *viewer) run() error {
	var secret [16]byte
	binary.BigEndian.PutUint64(secret[8:], uint64(v.number)+1)
	sum := sha256.Sum256(secret[:])
	v.id = binary.BigEndian.Uint64(sum[:])
	var err error
	if v.socket, err = v.crowd.open(v.number, binaryFrame); err != nil {
		return err
	}
	v.socket.send(wire.Join{Flags: wire.MayUpload, Weight: 500, Secret: secret, Stream: streamName}.Append(nil))
	for {
		message, err := v.socket.next()
		if err != nil {
			return err
		}
		if len(message) == 0 {
			return errMisled
		}
		if err := v.take(message); err != nil {
			return err
		}
	}
}

func (v *viewer) take(message []byte) error {
	switch wire.MessageType(message[0]) {
	case wire.TypeWelcome:
		w, err := wire.ParseWelcome(message)
		if err == nil && uint64(w.Viewer) != v.id {
			err = errMisled
		}
		return err
	case wire.TypeRoster:
		r, err := wire.ParseRoster(message)
		if err != nil {
			return err
		}
		v.members = v.members[:0]
		for _, m := range r.Members {
			v.members = append(v.members, uint64(m.ID))
		}
		slices.Sort(v.members)
		if _, here := slices.BinarySearch(v.members, v.id); !here {
			return errMisled
		}
		if v.joined != nil {
			v.joined()
			v.joined = nil
		}
		v.offer()
	case wire.TypeDelta:
		d, err := wire.ParseDelta(message)
		if err != nil {
			return err
		}
		for _, m := range d.Set {
			if i, here := slices.BinarySearch(v.members, uint64(m.ID)); !here {
				v.members = slices.Insert(v.members, i, uint64(m.ID))
			}
		}
		for _, id := range d.Left {
			if i, here := slices.BinarySearch(v.members, uint64(id)); here {
				v.members = slices.Delete(v.members, i, i+1)
			}
		}
		v.offer()
	case wire.TypeSignalled:
		s, err := wire.ParseSignal(message, wire.TypeSignalled)
		if err != nil {
			return err
		}
		return v.signalled(uint64(s.Peer), wire.SignalKind(s.Payload[0]), s.Payload[1:])
	case wire.TypeRefused:
		r, _ := wire.ParseRefused(message)
		return fmt.Errorf("refused: %s", r.Text)
	}
	return nil
}

// offer offers to as many members as there are links missing: to those that follow it in the order of their IDs, so
// that all are offered about as many. It waits for members until there are enough.
func (v *viewer) offer() {
	for id := range v.offered {
		if _, here := slices.BinarySearch(v.members, id); !here {
			delete(v.offered, id)
			v.crowd.counts.again.Add(1)
		}
	}
	if v.wants == 0 || len(v.members) <= v.wants {
		return
	}
	own, _ := slices.BinarySearch(v.members, v.id)
	for i := 1; i < len(v.members) && len(v.offered)+len(v.peers) < v.wants; i++ {
		id := v.members[(own+i)%len(v.members)]
		if _, waits := v.offered[id]; waits || v.peers[id] || id == v.id {
			continue
		}
		v.offers++
		if v.offered == nil {
			v.offered, v.peers = map[uint64]uint32{}, map[uint64]bool{}
		}
		v.offered[id] = v.offers
		v.describe(description{from: v.id, to: id, number: v.offers})
	}
}

// describe sends an offer or an answer, and its candidates if they go alone.
func (v *viewer) describe(d description) {
	kind := wire.Offer
	if d.answer {
		kind = wire.Answer
	}
	v.signal(d.to, kind, d.text(!v.trickle))
	if v.trickle {
		for range trickles {
			v.signal(d.to, wire.Candidate, d.candidate())
		}
	}
}

func (v *viewer) signal(to uint64, kind wire.SignalKind, text string) {
	payload := append([]byte{byte(kind)}, text...)
	v.socket.send(wire.Signal{Type: wire.TypeSignal, Peer: wire.ViewerID(to), Payload: payload}.Append(nil))
}

// signalled takes what another viewer sent, as the tracker stamped it.
func (v *viewer) signalled(from uint64, kind wire.SignalKind, text []byte) error {
	if kind == wire.Candidate {
		v.crowd.counts.candidates.Add(1)
		return nil
	}
	d, ok := parseDescription(string(text))
	if !ok || d.to != v.id || d.from != from {
		return errMisled
	}
	if kind == wire.Offer {
		v.crowd.counts.offers.Add(1)
		v.describe(description{from: v.id, to: from, number: d.number, answer: true})
		return nil
	}
	number, waits := v.offered[from]
	if !waits || number != d.number {
		return nil // to an offer given up when the cell was parted
	}
	delete(v.offered, from)
	v.peers[from] = true
	v.crowd.counts.answers.Add(1)
	if len(v.peers) == v.wants {
		v.linked()
	}
	return nil
}
