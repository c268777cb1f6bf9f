// Package thumbnail makes a small picture of a live stream's newest key frame, or of a recording's, with an ffmpeg that may be there or not.
//
// A picture is made when somebody asks and the last one is ten seconds old, so what nobody looks at costs nothing. One child per
// stream at a time, and a few in the whole origin, decodes one part's first frame and ends; it has five seconds, and the lowest
// priority. Who comes while it is at work waits for it; where there is no room for another child he gets the picture before, or waits for room if there is none.
// Without ffmpeg there are no pictures, and the answer says so.
package thumbnail
