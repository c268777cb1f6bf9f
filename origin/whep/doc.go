// Package whep plays streams by WHEP (draft-ietf-wish-whep): a viewer posts an SDP offer that receives, and gets what the broadcaster
// sends, as the origin has it, less than a second later. It is for the studio, which shows what really arrives here, and for the
// few who speak on a stage: each viewer is a copy of the stream that leaves the origin. Everybody else watches HLS.
//
// Endpoint answers HTTP and keeps the sessions. A session is one viewer's peer connection. All sessions of a stream hang on one
// feed, which listens to the stream's tap, keeps the frames since the last key frame for who comes next, and never waits
// for anybody: a viewer whose queue is full goes on with the next key frame. Nothing is encoded anew, but AAC, of which
// browsers take none by WebRTC, into Opus, by ffmpeg and once a stream.
//
//	offer.go    what an offer must be, and which of its codecs fits
//	feed.go     one stream, to all its viewers
//	queue.go    what one viewer has yet to get
//	outlet.go   frames to RTP packets and sender reports
//	clock.go    the timeline against the time of day
//	opus.go     AAC to Opus
//	encode.go   when it runs
//	session.go  a viewer's connection
//	play.go     POST: a session of an offer; PATCH and DELETE are package rtc's
//	state.go    GET: whether there is something to play
//
// A picture that is shown out of the order in which it comes (B-frames) is refused: browsers' WebRTC shows pictures as they come.
package whep
