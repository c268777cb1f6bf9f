// Package rtmp takes RTMP and Enhanced RTMP broadcasts: OBS, ffmpeg, phones.
//
// Server listens and bounds what strangers may cost: connections at once, connections that have not yet said their
// publish key, bytes and seconds until they do. A conn is one connection's dialogue; its goroutine is the only one that
// reads and writes it. Everything github.com/bluenviron/gortmplib does for us is behind wire.go, the only file that
// imports it; the library's own Reader is not used, because it holds back the first two seconds and cannot follow
// parameters that change.
//
// The dialogue: handshake, connect, then releaseStream, FCPublish and createStream in any order, then publish with the
// key. The key may stand as stream key, or as the last element of the path (rtmp://HOST/live/KEY), and may carry a
// query, which is ignored. A refusal is sent as NetStream.Publish.BadName, which OBS and ffmpeg show, and the
// connection is closed.
package rtmp
