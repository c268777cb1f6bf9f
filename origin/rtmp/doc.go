// Package rtmp takes RTMP and Enhanced RTMP broadcasts: OBS, ffmpeg, phones.
//
// Server listens and bounds what strangers may cost: connections at once, places for those that have not yet said their
// publish key, of one address and of all, bytes and seconds until they do. A gate stands before the parser of every
// connection and stops messages that are too long at their header, before room is made for them.
//
// A dialogue is one connection; its goroutine is the only one that reads and writes it. What
// github.com/bluenviron/gortmplib does for us is behind dialogue.go and codec.go, the only files that import it; the
// library's own Reader is not used, because it holds back the first two seconds and cannot follow parameters that
// change.
//
// The dialogue: handshake, connect, then releaseStream, FCPublish and createStream in any order, then publish with the
// key. The key may stand as stream key, or as the last element of the path (rtmp://HOST/live/KEY), and may carry a
// query, which is ignored. A refusal is sent as NetStream.Publish.BadName, which OBS and ffmpeg show, and the
// connection is closed.
package rtmp
