package hls

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// TestAtHand waits for what is hinted at, as a playlist and as media, until it comes, and where it does not.
//
// Clause: hls-blocking, hls-timeout
func TestAtHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(config, 0, nil)
		a := newAuthor(w)
		a.write(false)
		first := Reload{MSN: 0, Part: 1, Set: true}
		if plain, _, wait := w.PlaylistAtHand(first, nil); plain != nil || wait != nil {
			t.Error("before a player can begin there is more to say than that")
		}
		for a.msn < 1 {
			a.write(a.part == 5)
		}
		next := Reload{MSN: 1, Part: 0, Set: true}
		if plain, _, wait := w.PlaylistAtHand(Reload{MSN: 9, Part: 0, Set: true}, nil); plain != nil || wait != nil {
			t.Error("what is too far ahead is a mistake")
		}
		plain, _, changed := w.PlaylistAtHand(next, nil)
		m, also := w.MediaAtHand(Name{Kind: KindPart, Number: 1})
		if plain != nil || m.There() || changed == nil || changed != also || closed(changed) {
			t.Fatal("it is not there yet, and all wait for the same", plain, m, changed, also)
		}
		a.write(false)
		if !closed(changed) {
			t.Fatal("they were not told that it came")
		}
		v, _ := w.View()
		whole, _ := v.Playlist()
		if plain, cache, wait := w.PlaylistAtHand(next, nil); string(plain) != string(whole) || cache != "public, max-age=2" || wait != nil {
			t.Error(string(plain), cache, wait)
		}
		if m, wait := w.MediaAtHand(Name{Kind: KindPart, Number: 1}); !m.There() || wait != nil {
			t.Error(m, wait)
		}
		if m, wait := w.MediaAtHand(Name{Kind: KindPart, Number: 1, Part: 2}); m.There() || wait != nil {
			t.Error("it is not hinted at", m, wait)
		}
		began := time.Now()
		_, _, late := w.PlaylistAtHand(Reload{MSN: 1, Part: 1, Set: true}, nil)
		<-late
		if d := time.Since(began); d != max(leastWait, 3*config.PartTarget) {
			t.Error("a part that does not come was waited for for", d)
		}
		if _, err := w.Wait(t.Context(), Reload{MSN: 1, Part: 1, Set: true}); !errors.Is(err, ErrTimeout) || time.Since(began) != 3*config.Target {
			t.Error("who had to wait on was told", err, "after", time.Since(began))
		}
		direct := time.Now() // who wants it compressed never waits there
		if _, err := w.Wait(t.Context(), Reload{MSN: 1, Part: 1, Set: true}); !errors.Is(err, ErrTimeout) || time.Since(direct) != 3*config.Target {
			t.Error("who did not wait before was told", err, "after", time.Since(direct))
		}
		_, _, again := w.PlaylistAtHand(Reload{MSN: 1, Part: 1, Set: true}, nil)
		w.End()
		if !closed(again) {
			t.Error("they were not told that it will not come")
		}
	})
}
