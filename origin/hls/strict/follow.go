package strict

import (
	"errors"
	"fmt"
)

// Follow checks a reload against the playlist before it, which must be whole. It returns the new playlist, whole: of a delta
// playlist what was left out comes from the one before.
//
// A segment that was listed may become a gap, which the draft does not foresee: media can be lost after they were listed.
func Follow(before, now *Playlist) (*Playlist, error) {
	whole, err := merge(before, now)
	if err != nil {
		return nil, fmt.Errorf("strict: %w", err)
	}
	for _, check := range []func(before, now *Playlist) error{constant, sequence, same, hinted} {
		if err := check(before, whole); err != nil {
			return nil, fmt.Errorf("strict: %w", err)
		}
	}
	return whole, nil
}

// merge puts a delta playlist together (6.3.7).
func merge(before, now *Playlist) (*Playlist, error) {
	if now.Skipped == 0 {
		return now, nil
	}
	from := now.MediaSequence - before.MediaSequence
	if now.MediaSequence < before.MediaSequence || from+uint64(now.Skipped) > uint64(len(before.Segments)) {
		return nil, fmt.Errorf("6.3.7: segments %d to %d are skipped, and were not all known", now.MediaSequence,
			now.MediaSequence+uint64(now.Skipped)-1)
	}
	whole := *now
	whole.Skipped = 0
	whole.Segments = append([]Segment(nil), before.Segments[from:from+uint64(now.Skipped)]...)
	for i := range whole.Segments {
		whole.Segments[i].Parts = nil // parts so old are listed no more
	}
	last := whole.Segments[len(whole.Segments)-1]
	carry := func(s Segment) Segment {
		if s.Map == "" {
			s.Map = last.Map
		}
		s.Discontinuity = last.Discontinuity + uint64(s.Splits)
		last = s
		return s
	}
	for _, s := range now.Segments {
		whole.Segments = append(whole.Segments, carry(s))
	}
	if now.Open != nil {
		open := carry(*now.Open)
		whole.Open = &open
	}
	return &whole, nil
}

// constant checks what never changes.
func constant(before, now *Playlist) error {
	switch {
	case now.Target != before.Target:
		return fmt.Errorf("6.2.1: the target duration was %d s and is %d s", before.Target, now.Target)
	case now.PartTarget != before.PartTarget:
		return fmt.Errorf("4.4.3.7: the part target was %v s and is %v s", before.PartTarget, now.PartTarget)
	case now.Control != before.Control:
		return errors.New("4.4.3.8: EXT-X-SERVER-CONTROL changed")
	case before.Ended && !now.Ended:
		return errors.New("4.4.3.4: it goes on after its end")
	}
	return nil
}

// sequence checks the numbers.
func sequence(before, now *Playlist) error {
	if now.MediaSequence < before.MediaSequence {
		return fmt.Errorf("6.2.2: the media sequence was %d and is %d", before.MediaSequence, now.MediaSequence)
	}
	msn, part := now.Next()
	if m, p := before.Next(); msn < m || msn == m && part < p {
		return fmt.Errorf("6.2.1: it ended before part %d of segment %d, and ends before part %d of segment %d", p, m, part, msn)
	}
	removed := now.MediaSequence - before.MediaSequence
	want := before.DiscontinuitySequence
	for i := range before.Segments {
		if uint64(i) < removed {
			want += uint64(before.Segments[i].Splits)
		}
	}
	if removed <= uint64(len(before.Segments)) && now.DiscontinuitySequence != want || now.DiscontinuitySequence < want {
		return fmt.Errorf("6.2.2: the discontinuity sequence is %d and should be %d", now.DiscontinuitySequence, want)
	}
	if removed > 0 && !now.Ended && now.Duration() < 3*float64(now.Target)-rounding {
		return fmt.Errorf("6.2.2: segments were removed, and %v s are left", now.Duration())
	}
	return nil
}

// same checks that what was listed did not change, but for what may go from it.
func same(before, now *Playlist) error {
	old := map[string]bool{}
	for _, s := range before.all() {
		old[s.URI] = true
		if s.MSN < now.MediaSequence {
			continue
		}
		i := s.MSN - now.MediaSequence
		all := now.all()
		if i >= uint64(len(all)) {
			return fmt.Errorf("6.2.1: segment %d was listed, and is no more", s.MSN)
		}
		if err := grown(s, all[i]); err != nil {
			return fmt.Errorf("6.2.1: segment %d: %w", s.MSN, err)
		}
	}
	end, _ := before.Next()
	for _, s := range now.Segments {
		if s.MSN >= end && s.URI != "" && old[s.URI] {
			return fmt.Errorf("6.2.1: segment %d has a URI that another had", s.MSN)
		}
	}
	return nil
}

func (p *Playlist) all() []Segment {
	if p.Open == nil {
		return p.Segments
	}
	return append(p.Segments[:len(p.Segments):len(p.Segments)], *p.Open)
}

// grown checks a segment against what was said of it before.
func grown(was, is Segment) error {
	complete := was.URI != ""
	switch {
	case was.Splits != is.Splits || was.Discontinuity != is.Discontinuity:
		return errors.New("its discontinuity changed")
	case was.Map != is.Map && !is.Gap: // of what is missing nothing is read
		return fmt.Errorf("its init segment was %q and is %q", was.Map, is.Map)
	case !was.Date.Equal(is.Date):
		return fmt.Errorf("its date was %v and is %v", was.Date, is.Date)
	case complete && (was.URI != is.URI || was.Duration != is.Duration || was.Gap && !is.Gap):
		return fmt.Errorf("it was %s of %v s and is %s of %v s", was.URI, was.Duration, is.URI, is.Duration)
	case complete && len(is.Parts) == 0:
		return nil // they are listed at the live edge only
	case len(is.Parts) < len(was.Parts) && len(is.Parts) > 0, complete && len(is.Parts) > len(was.Parts):
		return fmt.Errorf("it had %d parts and has %d", len(was.Parts), len(is.Parts))
	}
	for i := range min(len(was.Parts), len(is.Parts)) {
		if was.Parts[i] != is.Parts[i] {
			return fmt.Errorf("its part %d changed", i)
		}
	}
	return nil
}

// hinted checks that what was hinted at came under that name (6.2.6).
func hinted(before, now *Playlist) error {
	if before.Hint == "" {
		return nil
	}
	msn, part := before.Next()
	for _, s := range now.all() {
		if s.MSN == msn && part < len(s.Parts) && s.Parts[part].URI != before.Hint {
			return fmt.Errorf("4.4.5.3: %s was hinted at, and %s came", before.Hint, s.Parts[part].URI)
		}
	}
	return nil
}
