package archive

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/shoal-live/shoal/origin/hls"
)

// listedMark, in a recording's folder, is the mark that its playlists are stored elsewhere too.
const listedMark = "playlists" + UploadedSuffix

// Listing is a finished recording all of whose files are stored elsewhere, but its playlists are not.
type Listing struct {
	Stream, ID string
	recording  *recording
}

// Key is what its multivariant playlist is called elsewhere.
func (l Listing) Key() string { return path.Join(l.Stream, l.ID, "index.m3u8") }

// Object is a playlist as it is stored elsewhere.
type Object struct {
	Key   string
	Bytes []byte
}

// Unlisted returns recordings whose playlists are to be stored elsewhere, most at most, but those to skip.
func (a *Archive) Unlisted(most int, skip func(key string) bool) (list []Listing) {
	if !a.config.Keep {
		return nil
	}
	for _, name := range a.names() {
		s := a.shelf(name)
		s.mu.Lock()
		for i, r := range s.recordings {
			l := Listing{name, r.id, r}
			if len(list) < most && len(r.files) > 0 && s.finished(i) && !r.marked() && !skip(l.Key()) &&
				!slices.ContainsFunc(r.files, func(e *entry) bool { return !s.marked(e) }) {
				list = append(list, l)
			}
		}
		s.mu.Unlock()
	}
	return list
}

// Playlists returns the playlists of a recording for where its files are stored, beside these, the multivariant one last. They name
// ranges of the files.
func (a *Archive) Playlists(l Listing) (list []Object, err error) {
	all, _, err := a.tracks(a.shelf(l.Stream), l.recording)
	if err != nil || len(all) == 0 {
		return nil, cmp.Or(err, fmt.Errorf("%w: %s", os.ErrNotExist, l.recording.dir))
	}
	long := target(all)
	cells := grid(all, long)
	for _, t := range all {
		list = append(list, Object{
			Key: path.Join(l.Stream, l.ID, "v"+strconv.Itoa(t.rendition), "index.m3u8"), Bytes: t.playlist(cells, long, t.stored(all[0])),
		})
	}
	var variants []hls.Variant
	for _, t := range whole(all, cells) {
		if t.inStep(all[0]) {
			variants = append(variants, t.variant())
		}
	}
	return append(list, Object{l.Key(), hls.Multivariant(variants)}), nil
}

// Listed marks a recording's playlists as stored elsewhere, for good.
func (a *Archive) Listed(l Listing, note []byte) error {
	return replace(filepath.Join(l.recording.dir, listedMark), note)
}

// marked tells whether there is that mark. The caller holds shelf.mu.
func (r *recording) marked() bool {
	if !r.listed {
		_, err := os.Stat(filepath.Join(r.dir, listedMark))
		r.listed = err == nil
	}
	return r.listed
}

// stored names media by ranges of the files that they are in, relative to these. Their times begin anew with each file of the source.
func (t track) stored(source track) naming {
	lead := source
	if !t.inStep(source) {
		lead = t // it is no variant of the source, so its times are its own
	}
	name := func(x *Index) string { return baseName(x.First) + mediaSuffix }
	return naming{
		init: func(x *Index) string { return fmt.Sprintf("URI=%q,BYTERANGE=\"%d@0\"", name(x), x.Size) },
		segment: func(x *Index, msn uint64) string {
			at, size := int64(0), x.Size // a gap is not asked for, and has to be called something
			if s := x.Find(msn); s != nil {
				at, size = s.At, s.Size
			}
			return fmt.Sprintf("#EXT-X-BYTERANGE:%d@%d\n%s", size, at, name(x))
		},
		restarts: func(msn uint64) bool {
			_, ok := slices.BinarySearchFunc(lead.files, msn, func(x *Index, msn uint64) int { return cmp.Compare(x.First, msn) })
			return ok
		},
	}
}

// inStep tells whether times in a rendition's files are those in the source's, at each segment.
func (t track) inStep(source track) bool {
	for _, x := range t.files {
		i, same := slices.BinarySearchFunc(source.files, x.First, func(x *Index, msn uint64) int { return cmp.Compare(x.First, msn) })
		if !same {
			i--
		}
		if i+1 < len(source.files) && x.Next() > source.files[i+1].First || !sameZero(x, source.files[max(i, 0)]) {
			return false
		}
	}
	return true
}

// sameZero tells whether two files have the same time zero.
func sameZero(a, b *Index) bool {
	return len(a.Bases) > 0 && len(b.Bases) > 0 && a.Bases[0] == b.Bases[0] // both lead with video, in ticks of one scale
}
