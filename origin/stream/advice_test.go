package stream

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/origin/media"
)

// Clause: rtmp-gop
func TestAdvice(t *testing.T) {
	for gop, want := range map[time.Duration]bool{0: false, time.Second: false, 2 * time.Second: false, 8333 * time.Millisecond: true} {
		if got := advice(hints("rtmp", nil, gop, 2*time.Second)); (got != "") != want {
			t.Errorf("%v: %q", gop, got)
		}
		if got := advice(hints("whip", nil, gop, 2*time.Second)); got != "" {
			t.Errorf("%v: a browser is advised %q", gop, got)
		}
	}
}

// TestAdviceOnPixels: a picture that much of what plays H.264 cannot decode is said, with what to set, beside what there is to say of
// key frames.
//
// Clause: rtmp-profile
func TestAdviceOnPixels(t *testing.T) {
	for rfc, want := range map[string]string{
		"avc1.42c01f": "", "avc1.4d401f": "", "avc1.64001f": "", "hvc1.2.4.L120.90": "", "av01.0.08M.10": "", "mp4a.40.2": "", "avc1.": "",
		"avc1.6e001f": "High 10", "avc1.7a001f": "High 4:2:2", "avc1.f4001f": "High 4:4:4", "avc1.2c001f": "CAVLC 4:4:4",
	} {
		of := []media.Track{{RFC: "mp4a.40.2"}, {RFC: rfc}}
		got := advice(hints("rtmp", of, time.Second, 2*time.Second))
		if (got == "") != (want == "") || !strings.Contains(got, want) || want != "" && !(strings.Contains(got, "yuv420p") && strings.Contains(got, "NV12")) {
			t.Errorf("%s: %q", rfc, got)
		}
		if both := advice(hints("rtmp", of, 8*time.Second, 2*time.Second)); !strings.HasPrefix(both, got) || !strings.Contains(both, "Keyframes") {
			t.Errorf("%s and far key frames: %q", rfc, both)
		}
	}
}

// TestHints: what is advised has a code and its numbers, in the order of the text.
func TestHints(t *testing.T) {
	of := []media.Track{{RFC: "avc1.6e001f"}}
	got, err := json.Marshal(hints("rtmp", of, 8333*time.Millisecond, 2*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`"text":"[^"]+",?`).ReplaceAllString(string(got), "")
	if want := `[{"code":"pixels","profile":"High 10"},{"code":"keyframes","seconds":8.3,"wantedSeconds":2}]`; said != want {
		t.Errorf("%s, want %s", said, want)
	}
	if none, _ := json.Marshal(hints("whip", nil, 8*time.Second, 2*time.Second)); string(none) != "[]" {
		t.Errorf("%s", none)
	}
}

// TestPixelsOfABroadcast: the API tells it of what is broadcast.
func TestPixelsOfABroadcast(t *testing.T) {
	all := newStreams(t, t.TempDir())
	of := tracks(t, 2)
	of[0].RFC = "avc1.f4001f"
	s := publish(t, all, "demo")
	if err := s.SetTracks(of); err != nil {
		t.Fatal(err)
	}
	send(t, s, 0, time.Second)
	if got := all.Get("demo").Describe().Advice; !strings.Contains(got, "4:4:4") {
		t.Errorf("%q", got)
	}
	s.Close()
}
