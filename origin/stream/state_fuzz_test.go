package stream

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzState reads whatever as a stream's state and key: an error at most, and what is read is saved as it was.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"epoch":1767225600,"nextMSN":7,"nextInit":2,"discontinuity":1}`), []byte("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="))
	f.Add([]byte(`{"epoch":-1}`), []byte("AAAA"))
	f.Add([]byte(`{"epoch":1,"nextMSN":7,"of a later version":"`+strings.Repeat("x", 2*stateSize)+`"}`), []byte{})
	f.Fuzz(func(t *testing.T, state, key []byte) {
		s := store{dir: t.TempDir()}
		for name, b := range map[string][]byte{"state.json": state, "ed25519.key": key} {
			if err := os.WriteFile(filepath.Join(s.dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = s.key(nil, "demo")
		st, found, err := s.load()
		if err != nil {
			return
		}
		if err := s.save(st); err != nil {
			t.Fatal(err)
		}
		if again, _, err := s.load(); !found || err != nil || again != st {
			t.Errorf("%+v became %+v, %v", st, again, err)
		}
	})
}
