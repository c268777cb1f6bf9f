// Package hls keeps what of a rendition can be fetched now, and says it in LL-HLS.
//
// A Window holds the segments of one rendition: those listed in the playlist, some older ones that stay fetchable, and
// the open segment, which grows part by part. Each change makes a new View, an immutable picture of the window from
// which the playlist is written; a View is never changed, so any number of requests can read it.
//
// The playlist is written by github.com/Eyevinn/hls-m3u8, in playlist.go and nowhere else. Chunk records are put in as
// lines of our own, directly after the line whose URI they describe (see package wire). Blocking reload, held part
// requests and cache headers are in serve.go and follow draft-pantos-hls-rfc8216bis, sections 6.2.5.1 and 6.2.5.2.
//
// The package never looks inside media bytes and holds every slice given to it as immutable.
package hls
