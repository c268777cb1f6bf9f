package stream

import (
	"crypto/sha256"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
)

func TestKeyIsKept(t *testing.T) {
	dir := t.TempDir()
	a := publish(t, newStreams(t, dir), "demo")
	b := publish(t, newStreams(t, dir), "demo")
	if a.Stream().PublicKey() != b.Stream().PublicKey() {
		t.Fatal("the stream's key changed")
	}
	info, err := os.Stat(filepath.Join(dir, "demo", "ed25519.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
}

// TestNumbersAfterCrash lets processes die without a word and looks whether the next one ever reuses a name.
//
// Clause: restart, hls-msn
func TestNumbersAfterCrash(t *testing.T) {
	dir := t.TempDir()
	used := map[string][32]byte{}
	var last uint64
	var epoch uint32
	for life := range 6 {
		all := newStreams(t, dir)
		s := publish(t, all, "demo")
		send(t, s, 0, time.Duration(life*1300+400)*time.Millisecond)
		st := s.Stream()
		if epoch == 0 {
			epoch = st.Epoch()
		}
		if st.Epoch() != epoch {
			t.Fatal("the epoch changed")
		}
		v, _ := st.Window(0).View()
		list := v.Segments
		if v.Open != nil {
			list = append(list[:len(list):len(list)], v.Open)
		}
		for _, g := range list {
			if g.Gap {
				continue // of an earlier life
			}
			if g.MSN < last {
				t.Fatalf("life %d: segment %d after %d", life, g.MSN, last)
			}
			last = g.MSN
			name := hls.Name{Kind: hls.KindInit, Number: g.Init.Number}.String()
			sum := sha256.Sum256(g.Init.Bytes)
			if old, ok := used[name]; ok && old != sum {
				t.Fatalf("life %d: %s names other bytes now", life, name)
			}
			used[name] = sum
			for p, part := range g.Parts {
				name := hls.Name{Kind: hls.KindPart, Number: g.MSN, Part: p}.String()
				if _, ok := used[name]; ok {
					t.Fatalf("life %d: %s was used before", life, name)
				}
				used[name] = sha256.Sum256(part.Bytes)
			}
		}
		if want := uint64(life); v.Newest() != nil && v.Newest().Discontinuity != want {
			t.Fatalf("life %d: discontinuity %d", life, v.Newest().Discontinuity)
		}
	}
	if last == 0 || len(used) < 20 {
		t.Fatal("nothing was tried", last, len(used))
	}
}

func TestDamagedState(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "demo"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "demo", "state.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newStreams(t, dir).Publish("demo", "rtmp"); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Fatal("numbering must not begin anew over a damaged state:", err)
	}
}

// TestStateSize: whatever the state says, it is as long as any other, so that none leaves a rest of the one before.
func TestStateSize(t *testing.T) {
	s := store{dir: t.TempDir()}
	full := state{
		Epoch: math.MaxUint32, NextMSN: math.MaxUint64, NextInit: math.MaxUint64, Discontinuity: math.MaxUint64, Ended: true,
		Target: math.MaxInt64, PartTarget: math.MaxInt64,
	}
	full.told = told{time.Date(2026, 12, 31, 23, 59, 59, 999999999, time.FixedZone("", -23*60*60-59*60)), math.MaxUint32, true, math.MaxUint32}
	full.Before = full.told
	for _, st := range []state{{Epoch: 1}, full, {Epoch: 1}} {
		if err := s.save(st); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(s.dir, "state.json"))
		if err != nil || info.Size() != stateSize {
			t.Fatal(info.Size(), err)
		}
		got, _, err := s.load()
		if err != nil || !got.Date.Equal(st.Date) || !got.Before.Date.Equal(st.Before.Date) {
			t.Fatal(got, err)
		}
		if got.Date, got.Before.Date = st.Date, st.Before.Date; got != st {
			t.Errorf("%+v became %+v", st, got)
		}
	}
}

// TestStateIsMadeAnew: the file is kept open between two writes, and written all the same where somebody put another in its place.
func TestStateIsMadeAnew(t *testing.T) {
	t.Run("prompt", func(t *testing.T) { testStateIsMadeAnew(t, time.Time{}) })
	t.Run("careful", func(t *testing.T) { testStateIsMadeAnew(t, time.Now().Add(time.Hour)) })
}

func testStateIsMadeAnew(t *testing.T, careful time.Time) {
	s := store{dir: t.TempDir()}
	defer s.rest()
	name := filepath.Join(s.dir, "state.json")
	for i, meddle := range []func() error{
		func() error { return nil },
		func() error { return os.Remove(name) },
		func() error { return os.WriteFile(name, []byte("{}"), 0o600) },
		func() error {
			if err := os.WriteFile(name+"x", make([]byte, stateSize), 0o600); err != nil {
				return err
			}
			return os.Rename(name+"x", name)
		},
	} {
		for n := range uint64(2) {
			if err := s.save(state{NextMSN: n}); err != nil {
				t.Fatal(i, err)
			}
			if s.file != nil { // not where it is made
				s.file.careful = careful
			}
		}
		if err := meddle(); err != nil {
			t.Fatal(err)
		}
		if err := s.save(state{NextMSN: 7}); err != nil {
			t.Fatal(i, err)
		}
		if got, found, err := s.load(); err != nil || !found || got.NextMSN != 7 {
			t.Errorf("meddled with in way %d: %+v %v", i, got, err)
		}
	}
}
