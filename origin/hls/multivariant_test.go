package hls

import (
	"strings"
	"testing"
)

// Clause: hls-codecs
func TestMultivariant(t *testing.T) {
	got := string(Multivariant([]Variant{
		{Codecs: "avc1.42c01f,mp4a.40.2", Width: 1280, Height: 720, FrameRate: 30, Peak: 2e6, Mean: 1e6, Independent: true},
		{Index: 2, Codecs: "avc1.42c01e,mp4a.40.2", Width: 640, Height: 360, FrameRate: 30, Peak: 5e5, Mean: 4e5, Independent: true},
	}))
	want := "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=2000000,AVERAGE-BANDWIDTH=1000000,CODECS=\"avc1.42c01f,mp4a.40.2\"," +
		"RESOLUTION=1280x720,FRAME-RATE=30.000\nv0/index.m3u8\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=500000,AVERAGE-BANDWIDTH=400000,CODECS=\"avc1.42c01e,mp4a.40.2\"," +
		"RESOLUTION=640x360,FRAME-RATE=30.000\nv2/index.m3u8\n"
	if got != want {
		t.Fatal(got)
	}
	if long := string(Multivariant([]Variant{{Independent: true}, {}})); strings.Contains(long, "INDEPENDENT") {
		t.Error("one variant has segments that begin with no key frame:", long)
	}
}
