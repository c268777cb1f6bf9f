//go:build linux

package main

import (
	"fmt"
	"strconv"
)

// An SDP is what Chromium says of a data channel. In it stand who wrote it, for whom, and a number by which an answer is known
// to its offer, at places where a browser has something random.
const (
	origin = "v=0\r\no=- %016x" // who wrote it
	fixed  = " 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n" +
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:"
	secrets = "%08x\r\na=ice-pwd:%016x" // the number, and for whom it is
	rest    = "q7RtYw0z\r\na=ice-options:trickle\r\na=fingerprint:sha-256 3A:96:6D:57:B2:C2:C7:61:A0:46:3E:1C:97:39:D3:F7:" +
		"0A:88:A0:B1:EC:03:FB:10:A5:5D:3A:37:AB:DD:02:AA\r\na=setup:%s\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n"

	fromAt   = len("v=0\r\no=- ")
	numberAt = fromAt + 16 + len(fixed)
	toAt     = numberAt + 8 + len("\r\na=ice-pwd:")
)

// gathered is two candidates as they stand in an SDP: one behind mDNS, one from STUN.
const gathered = "a=candidate:2438492012 1 udp 2113937151 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 54596 typ host generation 0 network-cost 999\r\n" +
	"a=candidate:842163049 1 udp 1677729535 203.0.113.141 60769 typ srflx raddr 0.0.0.0 rport 0 generation 0 network-cost 999\r\n"

// trickled is a candidate in a message of its own, as RTCIceCandidate.toJSON has it.
const trickled = `{"candidate":"candidate:842163049 1 udp 1677729535 203.0.113.141 60769 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag %08x ` +
	`network-cost 999","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"%08x"}`

// description is an offer or an answer.
type description struct {
	from, to uint64
	number   uint32 // the same in an offer and its answer
	answer   bool
}

// text returns the SDP; without candidates where they follow in messages of their own.
func (d description) text(candidates bool) string {
	setup := "actpass"
	if d.answer {
		setup = "active"
	}
	s := fmt.Sprintf(origin+fixed+secrets+rest, d.from, d.number, d.to, setup)
	if candidates {
		s += gathered
	}
	return s
}

// candidate returns one of the description's candidates.
func (d description) candidate() string { return fmt.Sprintf(trickled, d.number, d.number) }

// parseDescription reads who wrote an SDP, for whom.
func parseDescription(text string) (d description, ok bool) {
	if len(text) < toAt+16 {
		return d, false
	}
	from, err1 := strconv.ParseUint(text[fromAt:fromAt+16], 16, 64)
	number, err2 := strconv.ParseUint(text[numberAt:numberAt+8], 16, 32)
	to, err3 := strconv.ParseUint(text[toAt:toAt+16], 16, 64)
	return description{from: from, to: to, number: uint32(number)}, err1 == nil && err2 == nil && err3 == nil
}
