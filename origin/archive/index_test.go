package archive

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func sample() *Index {
	date := time.Date(2026, 5, 1, 20, 0, 0, 250e6, time.UTC)
	return &Index{
		Head: Head{
			Epoch: 77, Init: 3, Size: 700, First: 12, Date: date, Break: true, Discontinuity: 4,
			Bases: []Base{{1, 45_000_011_070}, {2, 24_000_005_904}}, Codecs: "avc1.42c00a,mp4a.40.2", Width: 160, Height: 90, FrameRate: 29.97,
		},
		Segments: []Segment{
			{MSN: 12, At: 700, Size: 5000, Duration: 2 * time.Second, Date: date, Independent: true},
			{MSN: 13, At: 5700, Size: 4100, Duration: 1967 * time.Millisecond, Date: date.Add(2 * time.Second)},
		},
		Closed: true,
	}
}

func TestIndex(t *testing.T) {
	whole := sample().Append(nil)
	x, valid, err := Parse(whole)
	if err != nil || valid != len(whole) || !bytes.Equal(x.Append(nil), whole) {
		t.Fatalf("%+v, %d of %d, %v", x, valid, len(whole), err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for name, c := range map[string]struct {
		bytes    []byte
		segments int
		closed   bool
		err      error
	}{
		"empty":                  {nil, 0, false, ErrIndex},
		"torn first line":        {lines[0][:40], 0, false, ErrIndex},
		"not about a file":       {lines[1], 0, false, ErrIndex},
		"only the first line":    {lines[0], 0, false, nil},
		"torn second line":       {join(lines[0], lines[1][:30]), 0, false, nil},
		"zeros after a line":     {join(lines[0], lines[1], make([]byte, 100)), 1, false, nil},
		"without the last line":  {join(lines[0], lines[1], lines[2]), 2, false, nil},
		"a number left out":      {join(lines[0], lines[2]), 0, false, nil},
		"a line twice":           {join(lines[0], lines[1], lines[1]), 1, false, nil},
		"something after an end": {join(whole, lines[1]), 2, true, nil},
	} {
		x, valid, err := Parse(c.bytes)
		if !errors.Is(err, c.err) || err == nil && (len(x.Segments) != c.segments || x.Closed != c.closed || !bytes.Equal(x.Append(nil), c.bytes[:valid])) {
			t.Errorf("%s: %+v, %d, %v", name, x, valid, err)
		}
	}
}

func join(all ...[]byte) []byte { return bytes.Join(all, nil) }

func FuzzParse(f *testing.F) {
	f.Add(sample().Append(nil))
	f.Add([]byte(`{"size":1,"bases":[{"track":1}],"date":"2026-05-01T20:00:00Z"}` + "\n" + closing))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, valid, err := Parse(b)
		if err != nil {
			return
		}
		if valid > len(b) {
			t.Fatalf("%d valid bytes of %d", valid, len(b))
		}
		again := x.Append(nil)
		y, all, err := Parse(again)
		if err != nil || all != len(again) || !bytes.Equal(y.Append(nil), again) || len(y.Segments) != len(x.Segments) {
			t.Fatalf("%q\nbecame %q: %v", b[:valid], again, err)
		}
	})
}

// FuzzRebase checks that what takes a part's times apart takes any bytes, and that restoring undoes it.
func FuzzRebase(f *testing.F) {
	b := newBroadcast(4)
	b.play(61)
	f.Add(moof(b.bytes[12]), uint64(90000), uint64(48000))
	f.Fuzz(func(t *testing.T, part []byte, one, two uint64) {
		bases := []Base{{1, one}, {2, two}}
		was := bytes.Clone(part)
		if err := rebase(part, bases); err != nil {
			if !bytes.Equal(part, was) {
				t.Fatal("refused, and changed")
			}
			return
		}
		if err := restore(moof(part), bases); err != nil || !bytes.Equal(part, was) {
			t.Fatalf("not restored: %v", err)
		}
	})
}
