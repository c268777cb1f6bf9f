package segmenter

import (
	"encoding/binary"
	"slices"
	"time"
)

// Box sizes and flags of ISO/IEC 14496-12, section 8.8.
const (
	boxSize    = 8
	mfhdSize   = boxSize + 8
	tfhdSize   = boxSize + 8
	tfdtSize   = boxSize + 12
	trunSize   = boxSize + 12 // and its entries
	baseIsMoof = 0x020000     // tfhd: default-base-is-moof
	trunAlways = 0x000301     // data offset; each sample's duration and size
	trunFlags  = 0x000400     // each sample's flags
	trunShift  = 0x000800     // each sample's composition offset, signed by version 1
	notSync    = 1 << 16      // of a sample's flags
	version1   = 1 << 24
)

// Part is one finished part.
type Part struct {
	Start       time.Duration // decode time of its first leading frame
	Duration    time.Duration
	Independent bool   // begins with a key frame
	Final       bool   // ends its segment
	Bytes       []byte // empty if the segment turned out to have ended with the part before
}

// portion is what of one track goes into a part.
type portion struct {
	*track
	samples []sample
	flags   uint32 // of its trun
	bytes   int    // of its samples
}

// portion begins the samples of t that begin before end; they stay in t. It is empty if there are none.
func (t *track) portion(end time.Duration) portion {
	n := 0
	for n < len(t.samples) && t.samples[n].at < end {
		n++
	}
	f := portion{track: t, samples: t.samples[:n], flags: trunAlways}
	for _, s := range f.samples {
		f.bytes += len(s.data)
		if t.Video() && !s.key {
			f.flags |= trunFlags
		}
		if t.offset(s) != 0 {
			f.flags |= trunShift
		}
	}
	return f
}

func (t *track) offset(s sample) int32 { return int32(t.ticks(s.show) - t.ticks(s.at)) }

// entry is the size of one sample's entry in the trun.
func (f *portion) entry() int {
	size := 8
	if f.flags&trunFlags != 0 {
		size += 4
	}
	if f.flags&trunShift != 0 {
		size += 4
	}
	return size
}

func (f *portion) trun() int { return trunSize + len(f.samples)*f.entry() }
func (f *portion) traf() int { return boxSize + tfhdSize + tfdtSize + f.trun() }

// marshal takes everything before end out of the tracks and returns the part's bytes: moof and mdat, in memory of just
// their size, into which each frame is copied once. That is all that a stream holds for as long as the part can be
// fetched; the general writer of fmp4.Part, which the tests compare with, leaves up to as much again unused.
func (s *Segmenter) marshal(end time.Duration) []byte {
	moof, media := boxSize+mfhdSize, 0
	portions := make([]portion, 0, len(s.tracks))
	for i := range s.tracks {
		if f := s.tracks[i].portion(end); len(f.samples) > 0 {
			portions = append(portions, f)
			moof, media = moof+f.traf(), media+f.bytes
		}
	}
	b := make([]byte, 0, moof+boxSize+media)
	b = box(b, moof, "moof")
	b = box(b, mfhdSize, "mfhd")
	b = numbers(b, 0, s.count+1)
	at := moof + boxSize
	for _, f := range portions {
		b = f.append(b, at)
		at += f.bytes
	}
	b = box(b, boxSize+media, "mdat")
	for _, f := range portions {
		for _, s := range f.samples {
			b = append(b, s.data...)
		}
		f.track.samples = slices.Delete(f.track.samples, 0, len(f.samples))
	}
	return b
}

// append appends the traf; the samples' bytes begin at offset data of the part.
func (f *portion) append(b []byte, data int) []byte {
	b = box(b, f.traf(), "traf")
	b = box(b, tfhdSize, "tfhd")
	b = numbers(b, baseIsMoof, uint32(f.id))
	b = box(b, tfdtSize, "tfdt")
	b = numbers(b, version1)
	b = binary.BigEndian.AppendUint64(b, uint64(f.ticks(f.samples[0].at)))
	b = box(b, f.trun(), "trun")
	b = numbers(b, version1|f.flags, uint32(len(f.samples)), uint32(data))
	for _, s := range f.samples {
		b = numbers(b, uint32(max(1, f.ticks(s.until)-f.ticks(s.at))), uint32(len(s.data)))
		if f.flags&trunFlags != 0 {
			var flags uint32
			if f.Video() && !s.key {
				flags = notSync
			}
			b = numbers(b, flags)
		}
		if f.flags&trunShift != 0 {
			b = numbers(b, uint32(f.offset(s)))
		}
	}
	return b
}

func box(b []byte, size int, kind string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(size)), kind...)
}

func numbers(b []byte, values ...uint32) []byte {
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}
