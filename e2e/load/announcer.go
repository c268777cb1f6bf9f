//go:build linux

package main

import (
	"encoding/json"
	"fmt"
)

const infoHash = "shoal-load-benchmark" // any 20 bytes

// announcer is a viewer of a WebTorrent tracker: it announces itself with offers, which the tracker gives to others as it
// likes, and answers all that come to it. Words and order are those of bittorrent-tracker's own client.
type announcer struct {
	crowd  *crowd
	socket *socket
	number int
	linked func() // once, with the last answer

	wants, got int
	told       bool // how many there are
}

// IDs are 20 bytes of text.
func peerID(n int) string { return fmt.Sprintf("-SHOAL-%013d", n+1) }

// run announces and serves the socket until it ends.
func (a *announcer) run() error {
	var err error
	if a.socket, err = a.crowd.open(a.number, textFrame); err != nil {
		return err
	}
	type offer struct {
		Offer   sessionDescription `json:"offer"`
		OfferID string             `json:"offer_id"`
	}
	var offers []offer
	for i := range wanted {
		// For whom it is the tracker decides.
		d := description{from: uint64(a.number) + 1, number: uint32(i)}
		offers = append(offers, offer{sessionDescription{"offer", d.text(true)}, fmt.Sprintf("%020d", i)})
	}
	a.send(map[string]any{
		"action": "announce", "info_hash": infoHash, "peer_id": peerID(a.number), "numwant": wanted, "event": "started",
		"uploaded": 0, "downloaded": 0, "left": 1000, "offers": offers,
	})
	for {
		message, err := a.socket.next()
		if err != nil {
			return err
		}
		if err := a.take(message); err != nil {
			return err
		}
	}
}

type sessionDescription struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

func (a *announcer) send(message any) {
	b, _ := json.Marshal(message) // of strings and numbers
	a.socket.send(b)
}

func (a *announcer) take(message []byte) error {
	var m struct {
		Failure    string              `json:"failure reason"`
		Complete   int                 `json:"complete"`
		Incomplete int                 `json:"incomplete"`
		Offer      *sessionDescription `json:"offer"`
		Answer     *sessionDescription `json:"answer"`
		OfferID    string              `json:"offer_id"`
		PeerID     string              `json:"peer_id"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		return err
	}
	switch {
	case m.Failure != "":
		return fmt.Errorf("refused: %s", m.Failure)
	case m.Offer != nil:
		d, ok := parseDescription(m.Offer.SDP)
		if !ok || peerID(int(d.from)-1) != m.PeerID || d.from == uint64(a.number)+1 {
			return errMisled
		}
		a.crowd.counts.offers.Add(1)
		answer := description{from: uint64(a.number) + 1, to: d.from, number: d.number, answer: true}
		a.send(map[string]any{
			"action": "announce", "info_hash": infoHash, "peer_id": peerID(a.number), "to_peer_id": m.PeerID,
			"answer": sessionDescription{"answer", answer.text(true)}, "offer_id": m.OfferID,
		})
	case m.Answer != nil:
		d, ok := parseDescription(m.Answer.SDP)
		if !ok || d.to != uint64(a.number)+1 || peerID(int(d.from)-1) != m.PeerID {
			return errMisled
		}
		a.crowd.counts.answers.Add(1)
		a.got++
	default: // the answer to the announcement; of the first viewers' offers not all find somebody
		a.wants, a.told = min(wanted, m.Complete+m.Incomplete-1), true
	}
	if a.told && a.got == a.wants && a.linked != nil {
		a.linked()
		a.linked = nil
	}
	return nil
}
