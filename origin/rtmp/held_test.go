package rtmp

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/shoal-live/shoal/origin/media"
)

// TestHeldBytes sends large frames that are all of one moment, of which nothing can be made yet.
//
// Clause: hostile
func TestHeldBytes(t *testing.T) {
	frame := media.Frame{Video: true, Bytes: make([]byte, 1<<20)}
	f := newFeed(nil, slog.New(slog.DiscardHandler))
	for range maxBytes>>20 - 1 {
		if err := f.write(frame); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.write(frame); !errors.Is(err, errFormat) {
		t.Errorf("%d bytes are held: %v", f.held.bytes, err)
	}

	h := newHouse(t, Config{})
	session, err := h.streams.Publish("demo", "test")
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	x := extra{session: session, index: 1}
	defer x.close()
	if x.follower, err = session.Follow(1); err != nil {
		t.Fatal(err)
	}
	for n := range 3 * maxBytes >> 20 {
		frame.PTS++
		if err := x.try(event{frame: frame}, false); err != nil {
			t.Fatal(err)
		}
		if x.held.bytes >= maxBytes {
			t.Fatalf("%d bytes are held after %d frames", x.held.bytes, n)
		}
	}
}
