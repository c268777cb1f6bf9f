package whip

import (
	"testing"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/testclip"
)

// TestHeldBytes sends large pictures, and the sound that was offered does not come: no more is held than may be.
//
// Clause: hostile
func TestHeldBytes(t *testing.T) {
	session, err := open(t).streams.Publish("demo", "whip")
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	f := newFeed(session, offer{coding: "h264", video: []rtc.Codec{{}}, audio: []rtc.Codec{{}}}, func() {})
	sps, pps := testclip.Parameters()
	track, err := media.NewH264(sps, pps)
	if err != nil {
		t.Fatal(err)
	}
	f.lead.track = &track
	for n := range maxBytes >> 20 {
		if f.running {
			t.Fatalf("%d frames of 1 MiB were too many", n)
		}
		f.write(media.Frame{Video: true, Key: true, Bytes: make([]byte, 1<<20)})
	}
	if !f.running || f.held != nil || f.err != nil {
		t.Errorf("%d frames are held: %v", len(f.held), f.err)
	}
}
