// Package rtc is what WHIP and WHEP share of WebRTC: the one port that the media of both go through, what is told of it to pion, and
// trickled candidates.
//
// The origin makes one Port, opens it by Listen before whip and whep run, and closes it when both have ended. Each makes its
// peer connections with its own codecs and interceptors and with the Port's Settings, so that ICE comes by that port and by
// no other. Where a peer's network lets no UDP through it comes by TCP at the same number.
//
//	port.go      the port, on every address of the machine, by UDP and TCP
//	callers.go   bounds of TCP connections
//	fragment.go  what a PATCH says of ICE (RFC 8840), and what it is answered with
//	aside.go     pion's log in ours
package rtc
