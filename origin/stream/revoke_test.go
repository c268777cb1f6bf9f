package stream

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// TestEvict: a session ends with its key, also where that was removed while it was being admitted; who comes then with another is let alone.
//
// Clause: keys
func TestEvict(t *testing.T) {
	all := newStreams(t, t.TempDir())
	removed := func(key string) bool { return key != "removed" }
	s := publish(t, all, "demo")
	if names := all.Evict(removed); names != nil {
		t.Error("it has no key yet:", names)
	}
	s.OpenedBy("removed")
	if names := all.Evict(removed); !slices.Equal(names, []string{"demo"}) {
		t.Error(names)
	}
	<-s.Replaced()
	if err := s.SetTracks(tracks(t, 2)); !errors.Is(err, ErrRevoked) || !errors.Is(s.Why(), ErrRevoked) {
		t.Error(err, s.Why())
	}
	next := publish(t, all, "demo") // at once: nobody is there
	next.OpenedBy("another")
	s.Close()
	if names := all.Evict(removed); names != nil {
		t.Error(names)
	}
	send(t, next, 0, time.Second)
}
