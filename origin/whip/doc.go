// Package whip takes WHIP broadcasts (RFC 9725): a browser or OBS posts an SDP offer and sends H.264, HEVC or AV1, and Opus.
//
// Endpoint answers HTTP and keeps the sessions. A session is one peer connection; it turns RTP into frames of a
// stream.Session. All sessions share one port, which is package rtc's. What HLS cannot carry is refused with a text that says so, and an
// offer is taken whole or not at all.
//
// Layers of simulcast are renditions: the largest that sends leads and is the source, the others follow it.
//
//	endpoint.go   what HTTP is asked, and by whom
//	offer.go      what an offer must be, and what it offers
//	publish.go    POST: a session of an offer; PATCH and DELETE are package rtc's
//	peer.go       the peer connection of an offer
//	session.go    a broadcaster's connection, until it ends
//	reorder.go    RTP packets back in order, within bounds
//	units.go      RTP payloads to access units, by way of a coding: h264.go (RFC 6184), h265.go (RFC 7798), av1.go
//	layer.go      one stream of video: packets to pictures
//	clock.go      RTP timestamps to one time line; sender reports move picture to sound
//	align.go      a layer's times on the leader's clock
//	simulcast.go  who leads, and what the others make
//	feed.go       all tracks together
//
// Every request carries the publish key as Bearer token; the key must belong to the stream in the path.
package whip
