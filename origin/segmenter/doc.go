// Package segmenter cuts frames into fMP4 parts and segments. It is pure: no clock, no goroutine, no file; the same
// frames give the same bytes.
//
// One track leads: the video, or the audio where there is no video. A part is closed when its leading frames last as
// long as the part target and one more would make it longer, or a little sooner, so that the segment's last part is no crumb; in
// each track it begins where the one before it ended. A segment is closed at a key frame, and never lasts
// Config.Longest or more, so that the playlist's target duration stays true:
//
//   - at a key frame once the segment is as long as wanted, the first as long as Config.First, or when waiting for the next
//     one would be too long;
//   - without a key frame, when none is expected in time (long GOPs): the next segment is then not independent.
//
// A segment's bytes are the concatenation of its parts' bytes. Times going out are those coming in, shifted so that the
// first leading frame stands at the base given to New: whoever chains segmenters gets one rising timeline.
//
// Drive it with Write for each frame and Flush at the end; each returns the parts that are finished. After ErrJump,
// Flush and go on with a new Segmenter.
package segmenter
