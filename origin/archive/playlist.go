package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
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

// tracks reads the indexes of a recording, and tells which files they are of; nil where one of these grows. Files that somebody took away are
// forgotten.
func (a *Archive) tracks(s *shelf, r *recording) (all []track, of []*entry, err error) {
	s.mu.Lock()
	files := slices.Clone(r.files)
	grow := map[*entry]*Index{} // a rendition may go on with it in this moment, and its index is no other's to mend
	for _, e := range files {
		if e.index != nil {
			x := *e.index
			grow[e] = &x
		}
	}
	s.mu.Unlock()
	for _, e := range files {
		x := grow[e]
		if x == nil {
			x, err = load(e.path)
			if errors.Is(err, fs.ErrNotExist) {
				a.forget(s, r, e)
				continue
			} else if err != nil {
				return nil, nil, err
			}
		}
		of = append(of, e)
		if len(x.Segments) == 0 {
			continue
		}
		if n := len(all); n == 0 || all[n-1].rendition != e.rendition {
			all = append(all, track{rendition: e.rendition})
		}
		all[len(all)-1].files = append(all[len(all)-1].files, x)
	}
	if len(grow) > 0 {
		of = nil
	}
	return all, of, nil
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

// variant returns what the multivariant playlist says of a rendition. Its picture is the newest file's; its codecs are all that it has had, and its
// frame rate is the highest (4.4.6.2).
func (t track) variant() hls.Variant {
	newest := t.files[len(t.files)-1].Head
	v := hls.Variant{Index: t.rendition, Width: newest.Width, Height: newest.Height, Independent: true}
	var all []string
	for _, x := range slices.Backward(t.files) {
		v.FrameRate = max(v.FrameRate, x.FrameRate)
		for c := range strings.SplitSeq(x.Codecs, ",") {
			if c != "" && !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	v.Codecs = strings.Join(all, ",")
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

// naming is how a media playlist names media, and where their times begin anew.
type naming struct {
	init     func(x *Index) string             // attributes of its EXT-X-MAP
	segment  func(x *Index, msn uint64) string // its lines; of a gap too
	restarts func(msn uint64) bool             // times do, before a segment; nil: nowhere
}

// live names media as they are named live, relative to /live/NAME/recordings/ID/vN/.
func (t track) live() naming {
	folder := "../../../v" + strconv.Itoa(t.rendition) + "/" + strconv.FormatUint(uint64(t.files[0].Epoch), 10) + "/"
	return naming{
		init: func(x *Index) string {
			return fmt.Sprintf("URI=%q", folder+hls.Name{Kind: hls.KindInit, Number: x.Init}.String())
		},
		segment: func(_ *Index, msn uint64) string {
			return folder + hls.Name{Kind: hls.KindSegment, Number: msn}.String()
		},
	}
}

// version is the protocol version that playlists of recordings need (section 8), as live ones do: for EXT-X-MAP where there are not only I-frames.
const version = 6

// playlist writes the media playlist of a finished recording (draft-pantos-hls-rfc8216bis, 4.4.3.5). All renditions list the same cells: what
// this one has not on disk is a gap.
func (t track) playlist(cells []cell, target time.Duration, names naming) []byte {
	var b bytes.Buffer
	sequence := cells[0].discontinuity
	if cells[0].split && sequence > 0 {
		sequence-- // its own tag is listed
	}
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-DISCONTINUITY-SEQUENCE:%d\n"+
		"#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n", version, target/time.Second, cells[0].msn, sequence)
	if !t.variant().Independent {
		b.Truncate(b.Len() - len("#EXT-X-INDEPENDENT-SEGMENTS\n"))
	}
	files := t.files
	fmt.Fprintf(&b, "#EXT-X-MAP:%s\n", names.init(files[0])) // players want one even before gaps
	var entered *Index
	for i, c := range cells {
		breaks := min(max(c.discontinuity, sequence)-sequence, 1000)
		sequence = max(sequence, c.discontinuity)
		if breaks == 0 && i > 0 && names.restarts != nil && names.restarts(c.msn) {
			breaks = 1
		}
		for range breaks {
			b.WriteString("#EXT-X-DISCONTINUITY\n")
		}
		for len(files) > 1 && files[1].First <= c.msn {
			files = files[1:]
		}
		x := files[0]
		s := x.Find(c.msn)
		enters := s != nil && x != entered
		if enters {
			if x != t.files[0] {
				fmt.Fprintf(&b, "#EXT-X-MAP:%s\n", names.init(x))
			}
			entered = x
		}
		if i == 0 || breaks > 0 || enters {
			fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:%s\n", c.date.UTC().Format(dateLayout))
		}
		duration := c.duration
		if s == nil {
			b.WriteString("#EXT-X-GAP\n")
		} else {
			duration = s.Duration
		}
		fmt.Fprintf(&b, "#EXTINF:%.5f,\n%s\n", duration.Seconds(), names.segment(x, c.msn))
	}
	b.WriteString("#EXT-X-ENDLIST\n")
	return b.Bytes()
}

const dateLayout = "2006-01-02T15:04:05.000Z07:00"
