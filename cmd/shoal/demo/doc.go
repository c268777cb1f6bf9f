// Package demo is the built-in broadcast: a clip of 16 seconds, embedded in the program, that a broadcaster like any
// other publishes over and over through the RTMP port. It knows nothing of the origin beyond its RTMP address and a
// publish key, and needs no ffmpeg.
//
// The clip is 640x360 at 30 frames a second, H.264 baseline with a keyframe every second, and AAC at 48 kHz with a beep
// at every second (a higher one where the clip begins). Sixteen seconds are 480 frames and exactly 750 AAC access
// units, so the loop has no seam: neither in the timestamps, which run on, nor in the sound.
//
// Each picture carries its number, 0 to 479, twice: in large digits, and in a strip of 18 squares that tests read from
// pixels, along the top, where no player has its controls. From the left: a white square, then bits 0 to 15 of the
// number (white is 1), then a black square. See StripX, StripY and Square for the place.
//
// scripts/make-demo-clip makes the clip again.
package demo

// The pictures of the clip.
const (
	Width  = 640
	Height = 360
	Rate   = 30  // pictures a second
	Frames = 480 // pictures in the clip
)

// The strip: Squares squares of Square by Square pixels, in a row whose top left corner is at StripX, StripY.
const (
	Squares = 18
	Square  = 20
	StripX  = Width - Squares*Square - 10
	StripY  = 10
)

// Lit says whether a square of the strip is white in the picture of that number.
func Lit(square, frame int) bool {
	switch square {
	case 0:
		return true
	case Squares - 1:
		return false
	default:
		return frame>>(square-1)&1 == 1
	}
}
