// Package rtc is what WHIP and WHEP share of WebRTC: the one port that the media of both go through, what is told of it to pion,
// sessions and how they are asked for by HTTP, and offers, answers and what a PATCH may do to them. What media are it does not know.
//
// The origin makes one Port, opens it by Listen before whip and whep run, and closes it when both have ended. Each makes its
// peer connections with its own codecs and interceptors and with the Port's Settings, so that ICE comes by that port and by
// no other. Where a peer's network lets no UDP through it comes by TCP at the same number.
//
//	port.go      the port, on every address of the machine, by UDP and TCP
//	callers.go   bounds of TCP connections
//	session.go   what a session is: it ends once
//	sessions.go  those of an endpoint, and the places they take
//	resource.go  how a session is made, changed and ended by HTTP
//	key.go       who may
//	body.go      what is sent to an endpoint
//	patch.go     what a PATCH is answered with
//	offer.go     what is the same of all offers
//	restart.go   an offer and its answer, and both again where ICE begins anew
//	fragment.go  what a PATCH says of ICE (RFC 8840), and what it is answered with
//	link.go      ICE servers, as peers are told of them
//	aside.go     pion's log in ours
package rtc
