package store_test

import (
	"testing"

	"github.com/shoal-live/shoal/tracker/store"
	"github.com/shoal-live/shoal/tracker/store/redistest"
)

// What stands under the name of a note and is none may be written over, and erased.
func TestWhatIsNoNote(t *testing.T) {
	server := redistest.Start(t)
	s := opener(t, server.URL())()
	for _, name := range []string{"written", "erased"} {
		server.Do("HSET", "shoal:notes", name, "nonsense")
	}
	if notes, err := s.Notes(t.Context()); err != nil || len(notes) > 0 {
		t.Errorf("read %v, %v", notes, err)
	}
	if err := s.Write(t.Context(), []store.Note{{Name: "written", Stamp: 5, Text: "a"}}); err != nil {
		t.Error(err)
	}
	if err := s.Erase(t.Context(), []store.Note{{Name: "erased", Stamp: 5}}); err != nil {
		t.Error(err)
	}
	if notes, err := s.Notes(t.Context()); err != nil || len(notes) != 1 || notes[0] != (store.Note{Name: "written", Stamp: 5, Text: "a"}) {
		t.Errorf("then %v, %v", notes, err)
	}
	if n := server.Do("HLEN", "shoal:notes"); n != "1" {
		t.Errorf("%s are kept", n)
	}
}
