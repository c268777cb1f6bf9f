// Package hls keeps what of a rendition can be fetched now, and says it in LL-HLS or, where Config.Plain says so, in HLS.
//
// A Window holds the segments of one rendition: those listed in the playlist, some older ones that stay fetchable, and
// the open segment, which grows part by part. Each change makes a new View, an immutable picture of the window from
// which the playlist is written; a View is never changed, so any number of requests can read it.
//
// A window may list hours. Then Config.InMemory bounds what is in memory: Stored says where a segment can be read, Lost
// that it cannot any more, and what is in neither place is a gap. A process that begins gives NewWindow what an earlier
// one stored.
//
// What a segment says in the playlist is written by github.com/Eyevinn/hls-m3u8, once (lines.go), and put together with
// a head that it writes too (playlist.go): a new part of a window of hours costs a copy of its text, and a delta playlist
// (EXT-X-SKIP) next to nothing. Chunk records and rendition reports are lines of our own (see package wire for the former).
// Blocking reload, held part requests and cache headers are in reload.go and serve.go and follow
// draft-pantos-hls-rfc8216bis-22, sections 6.2.5 and 6.2.6; what is removed when is in keep.go and follows 6.2.2.
//
// The package never looks inside media bytes and holds every slice given to it as immutable.
package hls
