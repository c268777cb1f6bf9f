package archive

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/shoal-live/shoal/origin/hls"
)

// A broadcaster who comes back with other settings: players are told before of all that they need to decode.
//
// Clause: recording
func TestCodecsOfAll(t *testing.T) {
	a := newArchive(t, Config{Keep: true})
	b := newBroadcast(30)
	synctest.Test(t, func(t *testing.T) {
		for _, v := range []hls.Variant{
			{Codecs: "avc1.640028,mp4a.40.2", Width: 1920, Height: 1080, FrameRate: 60},
			{Codecs: "avc1.42c00a,mp4a.40.2", Width: 160, Height: 90, FrameRate: 30},
			{Codecs: "avc1.42c00a", Width: 160, Height: 90, FrameRate: 30},
		} {
			from := b.source()
			from.Describe = func() hls.Variant { return v }
			stop := record(a, from)
			b.play(60)
			b.leave(0)
			stop()
		}
	})
	list := a.Recordings("show")
	if len(list) != 1 || list[0].Files != 3 {
		t.Fatalf("recordings: %+v", list)
	}
	text := get(a, *list[0].Playlist).Body.String()
	for _, want := range []string{`CODECS="avc1.42c00a,mp4a.40.2,avc1.640028"`, "RESOLUTION=160x90", "FRAME-RATE=60.000"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
}
