// Package archive keeps media on disk: the hours that viewers can seek back in (DVR), recordings, and their playlists.
//
//	DIR/NAME/20261128T173637Z/v0/s12.mp4      a continuous run of one rendition's segments, beginning with number 12
//	DIR/NAME/20261128T173637Z/v0/s12.index    what is in it: a line of JSON for the file and one per segment
//
// A recorder follows the hls.Window of a rendition and appends what is new, part by part. It pulls: a slow disk makes the
// recorder late and never the live, and what has left the window's memory before it was written is lost, counted, and a
// gap in playlists. Each file is fragmented MP4 that any player plays by itself to its last whole part, however the
// process ended: its times begin at zero. What the window serves begins elsewhere on the stream's timeline, so
// reading a segment back puts its times right again (stored.go), and viewers get the bytes they would have got live.
//
// The index is appended to and never rewritten. After a crash a torn last line and a torn last part are cut, and whole
// parts that have no line yet become a short last segment (recover.go). Nothing else on disk says what there is, so files
// can be moved away or deleted at any time.
//
// A full disk stops recorders, says so once, and is looked at again each second. They go on where they stopped while that is
// still in memory. Package upload, below, copies finished files to S3-compatible storage,
// and of finished recordings the playlists that name them there (listing.go).
//
// Drive it with New, Record in a goroutine per rendition that is live, and Run, which deletes what has grown too old.
package archive
