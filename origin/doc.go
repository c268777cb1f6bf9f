// Package origin is where media is born: broadcasters come in by RTMP and WHIP, and LL-HLS goes out.
//
// An Origin owns the RTMP port, the WebRTC port and the streams; it serves /live/, /whip/, /whep/ and /api/v1/ over HTTP and
// leaves listening for HTTP to its caller. Below it:
//
//	media      the words the others share: tracks and frames
//	segmenter  pure: frames in, fMP4 parts and segments out
//	hls        the fetchable window of a rendition, playlists, blocking reload
//	stream     a stream's life, numbering on disk, signed chunk records
//	twin       the numbers of another origin that takes the same broadcasts
//	rtc        the one port of WebRTC
//	archive    media on disk: windows of hours, recordings, their way to storage
//	thumbnail  a picture of what is on
//	rtmp, whip the two ways in
//	transcode  smaller renditions, by an ffmpeg beside it
//	whep       a way out for the few who cannot wait
//	webhook    who wants to know of broadcasts, told by HTTP
//	audience   how many watch, asked of trackers for the API
//
// The origin knows nothing of viewers but of those few, and what trackers tell: every other response is the same for everybody and can
// be cached (package edge does). Publish keys are kept hashed in the data directory by Keys, which KeyAPI and the command line edit while
// the origin runs; openapi.json describes the whole HTTP API.
//
// Drive it with New, then Run until the context ends; ServeHTTP answers as soon as New has returned.
package origin
