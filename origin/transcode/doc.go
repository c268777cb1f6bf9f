// Package transcode makes smaller renditions of a live stream: a ladder, whose rungs are heights such as 720p and 360p.
//
// An ffmpeg beside the origin does the work, one child for each stream. The source's video goes in by its standard input as
// fragmented MP4, one frame to a fragment; each rung comes back by a pipe of its own as FLV, which ends with each frame and so
// holds none back (docs/decisions/0019). FLV counts milliseconds: by them a picture is recognised as that of a frame which went
// in, and gets that frame's exact time. Key frames are where the source has them. Sound does not come here.
//
//	Tap -> queue -> ffmpeg -> rung -> Follower
//	                       -> rung -> Follower
//
// Whatever befalls the child befalls its renditions and never the source: what it does not take is dropped, where it dies another one
// begins at the next key frame, where it says nothing it is killed, and where the machine is too slow for it the highest rung is
// left out for minutes. Without an ffmpeg there is no ladder, and that is said.
//
// Make a Ladder with New and give its Live to stream.Config. State tells what it does for a stream.
package transcode
