package media

import (
	"bytes"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
)

// nal is what a NAL unit is to a sample. Each kind of set refers to the kind before it, and a picture to a PPS.
type nal int

const (
	vps nal = iota
	sps
	pps
	slice
	keySlice // of a picture that can be decoded without any before it
	other    // stays in the sample
	none     // does not
)

// maxHead is how much of a NAL unit is looked at for its numbers, bytes: an HEVC SPS may describe seven layers before its own.
const maxHead = 128

// grammar is what differs between H.264 and HEVC. The numbers of a set are its own and of the set it refers to; a picture
// has only the latter. -1: it cannot be read.
type grammar struct {
	kind    func(n []byte) nal
	numbers func(k nal, b *bitReader) (own, refers int)
}

// sets are the parameter sets of an access unit that its picture refers to: those of an init segment. Sets of other numbers
// stay in the sample, where decoders look too. Of a picture that is no key frame none is chosen, since no init segment begins there: all
// stay, and do not stand for those that the next key frame refers to.
type sets struct {
	*grammar
	chosen [3][]byte
	number [3]int
	seen   bool // a picture
	key    bool
}

// chooseSets looks through the units of an access unit. The last set of a number counts; where no picture names a number,
// the first set does.
func chooseSets(g *grammar, units [][]byte) sets {
	s := sets{grammar: g}
	var picture []byte
	found := false
	for _, n := range units {
		switch k := g.kind(n); {
		case k <= pps:
			found = true
		case k <= keySlice:
			if !s.seen {
				s.seen, picture = true, n
			}
			s.key = s.key || k == keySlice
		}
	}
	if !found || s.seen && !s.key {
		return s
	}
	want := -1
	if s.seen {
		_, want = s.read(slice, picture)
	}
	for k := pps; k >= vps; k-- {
		refers := -1
		for _, n := range units {
			if g.kind(n) != k {
				continue
			}
			own, of := s.read(k, n)
			if want < 0 {
				want = own
			}
			if own == want || s.chosen[k] == nil && same(own, want) {
				s.chosen[k], refers = n, of
			}
		}
		s.number[k] = want
		s.chosen[k] = bytes.Clone(s.chosen[k])
		want = refers
	}
	return s
}

// read returns the numbers of a unit, whose head may hold bytes against start codes.
func (s *sets) read(k nal, n []byte) (own, refers int) {
	return s.numbers(k, &bitReader{b: h264.EmulationPreventionRemove(n[:min(len(n), maxHead)])})
}

// holds tells whether a sample holds a unit.
func (s *sets) holds(n []byte) bool {
	k := s.kind(n)
	if k > pps {
		return k != none
	}
	if !s.seen || s.chosen[k] == nil {
		return s.seen
	}
	own, _ := s.read(k, n)
	return !same(own, s.number[k])
}

// same tells whether two numbers may be one: where one cannot be read they are taken to be.
func same(a, b int) bool { return a == b || a < 0 || b < 0 }

var grammarH264 = &grammar{
	kind: func(n []byte) nal {
		if len(n) == 0 {
			return none
		}
		switch h264.NALUType(n[0] & 0x1f) {
		case h264.NALUTypeSPS:
			return sps
		case h264.NALUTypePPS:
			return pps
		case h264.NALUTypeAccessUnitDelimiter, h264.NALUTypeFillerData, h264.NALUTypeEndOfSequence, h264.NALUTypeEndOfStream:
			return none
		case h264.NALUTypeIDR:
			return keySlice
		case h264.NALUTypeNonIDR, h264.NALUTypeDataPartitionA:
			return slice
		}
		return other
	},
	numbers: func(k nal, b *bitReader) (own, refers int) {
		b.at = 8
		switch k {
		case sps: // behind profile, constraints and level: Rec. ITU-T H.264, section 7.3.2.1.1
			b.at += 24
			return b.golomb(), -1
		case pps:
			own = b.golomb()
			return own, b.golomb()
		default: // behind the number of the macroblock, which may be large, and the kind: section 7.3.3
			b.golomb()
			b.golomb()
			return -1, b.golomb()
		}
	},
}

var grammarH265 = &grammar{
	kind: func(n []byte) nal {
		if len(n) < 2 {
			return none
		}
		switch t := h265.NALUType(n[0] >> 1 & 0x3f); {
		case t == h265.NALUType_VPS_NUT:
			return vps
		case t == h265.NALUType_SPS_NUT:
			return sps
		case t == h265.NALUType_PPS_NUT:
			return pps
		case t >= h265.NALUType_AUD_NUT && t <= h265.NALUType_FD_NUT: // with EOS_NUT and EOB_NUT between
			return none
		case t >= h265.NALUType_BLA_W_LP && t <= h265.NALUType_CRA_NUT: // random access pictures: Rec. ITU-T H.265, table 7-1
			return keySlice
		case t < h265.NALUType_BLA_W_LP:
			return slice
		}
		return other
	},
	numbers: func(k nal, b *bitReader) (own, refers int) {
		b.at = 16
		switch k {
		case vps:
			return b.number(4), -1
		case sps:
			refers = b.number(4)
			layers := b.number(3)
			b.at += 1 + 96 // general profile, tier and level: Rec. ITU-T H.265, section 7.3.3
			skip := 0
			for range layers {
				flags := b.number(2) // of a profile, of a level
				skip += flags>>1&1*88 + flags&1*8
			}
			if layers > 0 {
				skip += (8 - layers) * 2
			}
			b.at += skip
			return b.golomb(), refers
		case pps:
			own = b.golomb()
			return own, b.golomb()
		default:
			b.at++ // first_slice_segment_in_pic_flag
			if t := h265.NALUType(b.b[0] >> 1 & 0x3f); t >= h265.NALUType_BLA_W_LP && t <= 23 {
				b.at++ // no_output_of_prior_pics_flag: section 7.3.6.1
			}
			return -1, b.golomb()
		}
	},
}

// bitReader reads bits; where there are no more it says -1.
type bitReader struct {
	b  []byte
	at int // bits
}

func (r *bitReader) number(size int) (v int) {
	if r.at+size > len(r.b)*8 {
		r.at = len(r.b) * 8
		return -1
	}
	for range size {
		v = v<<1 | int(r.b[r.at/8]>>(7-r.at%8)&1)
		r.at++
	}
	return v
}

// golomb reads an Exp-Golomb code: Rec. ITU-T H.264, section 9.1.
func (r *bitReader) golomb() int {
	zeros := 0
	for {
		switch r.number(1) {
		case 1:
			if rest := r.number(zeros); rest >= 0 {
				return 1<<zeros - 1 + rest
			}
			return -1
		case 0:
			if zeros++; zeros <= 32 {
				continue
			}
		}
		return -1
	}
}
