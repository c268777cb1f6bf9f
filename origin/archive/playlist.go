package archive

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
)

// ID tells whether s can name a recording.
func ID(s string) bool {
	t, err := time.Parse(idLayout, s)
	return err == nil && t.Format(idLayout) == s
}

// track is one rendition of a recording, with all its files.
type track struct {
	rendition int
	files     []*Index
}

// tracks reads the indexes of a recording.
func (a *Archive) tracks(s *shelf, r *recording) (all []track, err error) {
	s.mu.Lock()
	files := slices.Clone(r.files)
	s.mu.Unlock()
	for _, e := range files {
		x, err := a.index(e.path)
		if err != nil {
			return nil, err
		}
		if len(x.Segments) == 0 {
			continue
		}
		if n := len(all); n == 0 || all[n-1].rendition != e.rendition {
			all = append(all, track{rendition: e.rendition})
		}
		all[len(all)-1].files = append(all[len(all)-1].files, x)
	}
	return all, nil
}

// target returns the target duration, which all renditions must share: the longest segment, rounded.
func target(all []track) time.Duration {
	longest := time.Second
	for _, t := range all {
		for _, x := range t.files {
			for _, s := range x.Segments {
				longest = max(longest, s.Duration)
			}
		}
	}
	return longest.Round(time.Second)
}

// variant returns what the multivariant playlist says of a rendition.
func (t track) variant() hls.Variant {
	head := t.files[len(t.files)-1].Head // the newest knows the frame rate
	v := hls.Variant{
		Index: t.rendition, Codecs: head.Codecs, Width: head.Width, Height: head.Height, FrameRate: head.FrameRate, Independent: true,
	}
	var bits, seconds float64
	for _, x := range t.files {
		for _, s := range x.Segments {
			b, d := float64(s.Size*8), s.Duration.Seconds()
			bits, seconds = bits+b, seconds+d
			if d >= 0.5 {
				v.Peak = max(v.Peak, b/d)
			}
			v.Independent = v.Independent && s.Independent
		}
	}
	v.Mean = bits / seconds
	v.Peak = max(v.Peak, v.Mean)
	return v
}

// playlist writes the media playlist of a finished recording (draft-pantos-hls-rfc8216bis, 4.4.3.5). Its media have the addresses that they had
// live, relative to /live/NAME/recordings/ID/vN/. A segment that is not on disk is a gap, so that numbers are the same in all renditions.
func (t track) playlist(target time.Duration) []byte {
	var b bytes.Buffer
	first := t.files[0]
	sequence := first.Discontinuity
	if first.Break && sequence > 0 {
		sequence-- // its own tag is listed
	}
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-DISCONTINUITY-SEQUENCE:%d\n"+
		"#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n", target/time.Second, first.First, sequence)
	if !t.variant().Independent {
		b.Truncate(b.Len() - len("#EXT-X-INDEPENDENT-SEGMENTS\n"))
	}
	for i, x := range t.files {
		folder := "../../../v" + strconv.Itoa(t.rendition) + "/" + strconv.FormatUint(uint64(x.Epoch), 10) + "/"
		init := folder + hls.Name{Kind: hls.KindInit, Number: x.Init}.String()
		breaks := 0
		if x.Break {
			breaks = 1
		}
		if i > 0 {
			breaks = t.missing(&b, t.files[i-1], x, folder, target)
		}
		for range breaks {
			b.WriteString("#EXT-X-DISCONTINUITY\n")
		}
		fmt.Fprintf(&b, "#EXT-X-MAP:URI=%q\n#EXT-X-PROGRAM-DATE-TIME:%s\n", init, x.Date.UTC().Format(dateLayout))
		for _, s := range x.Segments {
			fmt.Fprintf(&b, "#EXTINF:%.5f,\n%s%s\n", s.Duration.Seconds(), folder, hls.Name{Kind: hls.KindSegment, Number: s.MSN})
		}
	}
	b.WriteString("#EXT-X-ENDLIST\n")
	return b.Bytes()
}

const dateLayout = "2006-01-02T15:04:05.000Z07:00"

// missing lists what lies between two files as gaps, and returns how many discontinuities are left for the second one.
func (t track) missing(b *bytes.Buffer, before, after *Index, folder string, target time.Duration) (breaks int) {
	breaks = int(min(after.Discontinuity-min(before.Discontinuity, after.Discontinuity), 1000))
	if after.First <= before.Next() || after.Epoch != before.Epoch {
		return breaks
	}
	n := after.First - before.Next()
	each := after.Date.Sub(before.EndDate()).Seconds() / float64(n)
	each = math.Min(math.Max(each, 0.1), target.Seconds())
	for msn := before.Next(); msn < after.First && n < maxGaps; msn++ {
		if breaks > 1 {
			b.WriteString("#EXT-X-DISCONTINUITY\n")
			breaks--
		}
		fmt.Fprintf(b, "#EXT-X-GAP\n#EXTINF:%.5f,\n%s%s\n", each, folder, hls.Name{Kind: hls.KindSegment, Number: msn})
	}
	return breaks
}

// maxGaps bounds what a hole in the numbers adds to a playlist.
const maxGaps = 100_000
