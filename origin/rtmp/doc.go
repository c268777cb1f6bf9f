// Package rtmp takes RTMP and Enhanced RTMP broadcasts, also over TLS: OBS, ffmpeg, GStreamer, phones.
//
// Server listens and bounds what strangers may cost: connections at once, places for those that have not yet said their
// publish key, of one address and of all, bytes and seconds until they do. chunks reads messages, and stops those that are
// too long at their header, before room is made for them.
//
// A dialogue is one connection; its goroutine is the only one that reads and writes it. Handshake, AMF and answers are
// those of github.com/bluenviron/gortmplib, which dialogue.go and command.go alone import. Its readers of chunks and of media are not used:
// they make room for what a header announces, copy every body, and end the connection at what they do not know, before
// anybody could say what it was.
//
// The dialogue: handshake, connect, then releaseStream, FCPublish and createStream in any order, then publish with the
// key. The key may stand as stream key, or as the last element of the path (rtmp://HOST/live/KEY), and may carry a
// query, which is ignored. So is what stands before it, the application: the key alone says which stream it is. A refusal is sent as NetStream.Publish.BadName or Rejected, which OBS and ffmpeg show, and the
// connection is closed. What a broadcaster can send is never asked of its connect: OBS does not say.
//
// A message of audio or video holds tags, one for each track. A source makes tracks and frames of a video track's tags; the feed gives those of
// the first track of a kind to the session. A further video track is an extra: a rendition of the stream.
package rtmp
