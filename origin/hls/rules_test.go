package hls

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/shoal-live/shoal/origin/hls/strict"
)

// check reads the playlist as players do.
func (l *life) check() {
	t := l.t
	if l.before != nil && l.before.Ended && !l.ended {
		l.before, l.delta = nil, nil // revived: whoever read its end is gone
	}
	v, _ := l.w.View()
	if !v.Playable() {
		return
	}
	now := parse(t, string(v.playlist(false, "").plain))
	if now.MediaSequence+uint64(len(now.Segments)) != l.next {
		t.Fatalf("it ends with %d, %d should come next", now.MediaSequence+uint64(len(now.Segments)), l.next)
	}
	without := 0.0 // the first
	for _, s := range now.Segments[1:] {
		without += s.Duration
	}
	more := without >= 6.001 && len(now.Segments) > l.config.Listed // the text is rounded
	if now.Target != 2 || more || now.Ended != l.ended {
		t.Fatalf("target %d, %d segments, ended: %v", now.Target, len(now.Segments), now.Ended)
	}
	l.follow(v, now)
	l.availability(now)
	l.memory(v)
	l.blocking(v, now)
}

func (l *life) follow(v *View, now *strict.Playlist) {
	if l.before != nil {
		if _, err := strict.Follow(l.before, now); err != nil {
			l.t.Fatal(err)
		}
	}
	l.before = now
	answer := parse(l.t, string(v.playlist(true, "").plain))
	if l.delta != nil {
		delta := answer.Skipped
		whole, err := strict.Follow(l.delta, answer)
		if err != nil {
			l.t.Fatal("delta: ", err)
		}
		answer = whole
		l.happened["delta"] += delta
	} else if answer.Skipped > 0 {
		answer = now
	}
	for i, s := range answer.Segments {
		if s.Parts == nil {
			s.Parts = now.Segments[i].Parts
		}
		if fmt.Sprint(s) != fmt.Sprint(now.Segments[i]) {
			l.t.Fatalf("by deltas %+v is known, it is %+v", s, now.Segments[i])
		}
	}
	l.delta = answer
}

// availability asks for all that must be fetchable, and for all that is said to be missing.
func (l *life) availability(now *strict.Playlist) {
	get := func(msn uint64) []byte {
		m, _ := l.w.Find(Name{Kind: KindSegment, Number: msn})
		body, err := m.open()
		if err != nil {
			return nil
		}
		b, _ := io.ReadAll(body)
		return b
	}
	for _, s := range now.Segments {
		if _, stored := l.disk.at[s.MSN]; s.Gap {
			delete(l.gone, s.MSN)
			l.happened["gap"]++
			if b := get(s.MSN); b != nil {
				l.t.Fatalf("segment %d is a gap, and is there", s.MSN)
			}
			if l.config.InMemory == 0 && l.bytes[s.MSN] != nil && !l.seen[s.MSN].IsZero() && l.gone[s.MSN].IsZero() && stored {
				l.t.Fatalf("segment %d became a gap, and is stored", s.MSN)
			}
			continue
		} else if b := get(s.MSN); !bytes.Equal(b, l.bytes[s.MSN]) {
			l.t.Fatalf("segment %d is %q and should be %q; stored: %v", s.MSN, b, l.bytes[s.MSN], stored)
		}
		until := l.seen[s.MSN].Add(time.Duration((s.Duration + now.Duration()) * float64(time.Second)))
		if until.After(l.gone[s.MSN]) {
			l.gone[s.MSN] = until
		}
		for n, p := range s.Parts {
			m, _ := l.w.Find(Name{Kind: KindPart, Number: s.MSN, Part: n})
			if m.There() == p.Gap {
				l.t.Fatalf("part %d of segment %d: there %v, gap %v", n, s.MSN, m.There(), p.Gap)
			}
		}
	}
	for msn, until := range l.gone {
		_, stored := l.disk.at[msn]
		if now.MediaSequence-msn > uint64(l.config.Listed+4) && msn < now.MediaSequence ||
			l.config.InMemory > 0 && !stored && l.next-msn > uint64(l.config.inMemory()) {
			delete(l.gone, msn) // faster than time, or too much for memory and not on disk
		} else if l.happened["removed"]++; time.Now().Before(until) && !bytes.Equal(get(msn), l.bytes[msn]) {
			l.t.Fatalf("segment %d may be asked for until %v; stored: %v", msn, until, stored)
		}
	}
}

// memory checks that no more is kept than must be.
func (l *life) memory(v *View) {
	held := 0
	for _, s := range l.w.segments {
		if s.Parts != nil {
			held++
		}
	}
	most := l.config.Listed + 4 + max(len(v.Segments), l.config.Listed)
	if l.config.InMemory > 0 {
		most = l.config.inMemory()
	}
	if held > most {
		l.t.Fatalf("%d segments are in memory, at most %d should be", held, most)
	}
	oldest := l.w.segments[0]
	if oldest.MSN < v.Segments[0].MSN && time.Now().After(oldest.until) && l.wrote.Equal(time.Now()) { // between parts nothing is forgotten
		l.t.Fatalf("segment %d is kept, and nobody may ask for it", oldest.MSN)
	}
}

// blocking holds what is answered at once against what the playlist holds.
func (l *life) blocking(v *View, now *strict.Playlist) {
	msn, part := now.Next()
	for m := msn - min(msn, 3); m <= msn+4; m++ {
		for _, p := range []int{-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 16, 20} {
			got, err := v.answered(Reload{MSN: m, Part: p, Set: true})
			want, wrong := m < msn || m == msn && p >= 0 && p < part, m > msn+1
			if l.config.Plain {
				want = m < msn
			} else if p >= 0 {
				limit := int(math.Ceil(3 / 0.334))
				if m == msn && p >= part+limit || m > msn && p >= limit {
					wrong = true
				}
				if last := len(now.Segments) - 1; m == msn-1 && p >= len(now.Segments[last].Parts) && now.Segments[last].Parts != nil {
					want = part > 0 // past the last part: the first of the next segment
				}
			}
			if now.Ended {
				want, wrong = true, false
			}
			if errors.Is(err, ErrFuture) != wrong || !wrong && got != want {
				l.t.Fatalf("next is %d.%d; %d.%d: at once %v, %v; want %v, wrong %v", msn, part, m, p, got, err, want, wrong)
			}
		}
	}
}
