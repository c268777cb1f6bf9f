// Package whip takes WHIP broadcasts (RFC 9725): a browser or OBS posts an SDP offer and sends H.264 and Opus.
//
// Endpoint answers HTTP and keeps the sessions. A session is one peer connection; it turns RTP into frames of a
// stream.Session. All sessions share one UDP port, which is package rtc's. What HLS cannot carry is refused with a text that says so, and an
// offer is taken whole or not at all.
//
//	offer.go     what an offer must be, and what it offers
//	reorder.go   RTP packets back in order, within bounds
//	h264.go      RTP payloads to access units (RFC 6184)
//	clock.go     RTP timestamps to one time line; sender reports move picture to sound
//
// Every request carries the publish key as Bearer token; the key must belong to the stream in the path.
package whip
