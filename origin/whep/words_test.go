package whep

import (
	"strings"
	"testing"
)

// TestWords: what a viewer, or the broadcaster who looks, is told of what WebRTC does not carry says why, and what to do.
//
// Clause: explained, errors
func TestWords(t *testing.T) {
	for err, words := range map[error][]string{
		errReordered: {"B-frames", "set them to 0", "OBS: x264 option bframes=0", "ffmpeg: -bf 0", "HLS"},
		errNoFFmpeg:  {"AAC", "WebRTC does not carry", "Opus", "ffmpeg"},
		errNoPicture: {"no picture", "listen by HLS"},
		errNoCodec:   {"connect anew"},
	} {
		for _, word := range words {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q does not say %q", err, word)
			}
		}
	}
}
