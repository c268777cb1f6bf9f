package rtmp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"

	"github.com/shoal-live/shoal/origin/media"
)

// source is what was learned of one video track that its frames do not repeat.
type source struct {
	sets, newest sets   // announced, and come since
	others       []byte // further ones of the configuration record, as a sample holds them
	level        uint8  // of VP9
}

// sets are the parameter sets of H.264 and HEVC that an init segment holds.
type sets struct{ vps, sps, pps []byte }

// start reads the parameters of a codec. A track of AV1 or VP9 may begin with its first key frame only.
func (s *source) start(t tag) (*media.Track, error) {
	switch t.codec {
	case fourAVC:
		found, others, err := readAVC(t.body)
		if err != nil {
			return nil, err
		}
		s.sets, s.newest, s.others = found, found, others
		return found.avc()
	case fourHEVC:
		found, others, err := readHEVC(t.body)
		if err != nil {
			return nil, err
		}
		s.sets, s.newest, s.others = found, found, others
		return found.hevc()
	case fourAV1:
		if len(t.body) < 4 {
			return nil, fmt.Errorf("%w: AV1 configuration", errFormat)
		}
		u, err := media.SortAV1(t.body[4:]) // av1C: AV1 in ISO base media files, section 2.3.3
		if err != nil || u.Header == nil {
			return nil, nil
		}
		return track(media.NewAV1(u.Header))
	case fourVP9:
		b := t.body
		if len(b) >= 4 && b[0] == 1 && b[1] == 0 && b[2] == 0 && b[3] == 0 {
			b = b[4:] // with the version and flags of its box, as ffmpeg sends it
		}
		if len(b) > 1 {
			s.level = b[1]
		}
	case fourAAC:
		var c mpeg4audio.AudioSpecificConfig
		if len(t.body) == 0 {
			return nil, nil
		}
		if err := c.Unmarshal(t.body); err != nil {
			return nil, fmt.Errorf("%w: AAC configuration: %w", errFormat, err)
		}
		return track(media.NewAAC(&c))
	case fourOpus:
		h := opus.IDHeader{ChannelCount: 2}
		if len(t.body) > 0 {
			if err := h.Unmarshal(t.body); err != nil {
				return nil, fmt.Errorf("%w: Opus header: %w", errFormat, err)
			}
		}
		return track(media.NewOpus(int(h.ChannelCount)))
	}
	return nil, nil
}

func (s sets) avc() (*media.Track, error)  { return track(media.NewH264(s.sps, s.pps)) }
func (s sets) hevc() (*media.Track, error) { return track(media.NewH265(s.vps, s.sps, s.pps)) }

func track(t media.Track, err error) (*media.Track, error) {
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFormat, err)
	}
	return &t, nil
}

// frame makes a frame of an access unit, which becomes its bytes, and a track where the unit has new parameters.
func (s *source) frame(t tag, at time.Duration) (f media.Frame, changed *media.Track, err error) {
	f = media.Frame{Video: t.video, DTS: at, PTS: at + t.offset, Key: t.key || !t.video, Bytes: t.body}
	switch t.codec {
	case fourAVC:
		u, err := media.SortH264(t.body)
		if err != nil {
			return f, nil, fmt.Errorf("rtmp: %v: %w", t.codec, err)
		}
		f.Key, f.Bytes = u.Key, u.Bytes
		if s.learn(&f, sets{nil, u.SPS, u.PPS}) {
			changed, err = s.sets.avc()
		}
		return f, changed, err
	case fourHEVC:
		u, err := media.SortH265(t.body)
		if err != nil {
			return f, nil, fmt.Errorf("rtmp: %v: %w", t.codec, err)
		}
		f.Key, f.Bytes = u.Key, u.Bytes
		if s.learn(&f, sets{u.VPS, u.SPS, u.PPS}) {
			changed, err = s.sets.hevc()
		}
		return f, changed, err
	case fourAV1:
		u, err := media.SortAV1(t.body)
		if err != nil {
			return f, nil, fmt.Errorf("rtmp: %v: %w", t.codec, err)
		}
		f.Key, f.Bytes = f.Key || u.Key, u.Bytes
		if u.Header != nil {
			changed, err = track(media.NewAV1(u.Header))
		}
		return f, changed, err
	case fourVP9:
		if f.Key && len(t.body) > 0 {
			changed, err = track(media.NewVP9(t.body, s.level))
		}
	case fourOpus:
		f.Length = media.OpusLength(t.body)
	}
	return f, changed, err
}

// learn notes the sets that came with a frame. It tells whether a key frame leans on others than what was announced: some encoders
// change in the middle without a word before. One that brings none gets those that no init segment holds.
func (s *source) learn(f *media.Frame, found sets) (changed bool) {
	alone := true
	for _, n := range []struct{ kept, found *[]byte }{
		{&s.newest.vps, &found.vps}, {&s.newest.sps, &found.sps}, {&s.newest.pps, &found.pps},
	} {
		if *n.found != nil {
			*n.kept, alone = *n.found, false
		}
	}
	if !f.Key {
		return false
	}
	if alone && len(s.others) > 0 {
		f.Bytes = slices.Concat(s.others, f.Bytes)
	}
	changed = !bytes.Equal(s.newest.vps, s.sets.vps) || !bytes.Equal(s.newest.sps, s.sets.sps) || !bytes.Equal(s.newest.pps, s.sets.pps)
	s.sets = s.newest
	return changed
}

var errConfiguration = fmt.Errorf("%w: a configuration record of H.264 or HEVC that is cut off", errFormat)

// readAVC reads an AVCDecoderConfigurationRecord: ISO/IEC 14496-15, section 5.3.3.1.2.
func readAVC(b []byte) (found sets, others []byte, err error) {
	if len(b) < 6 {
		return found, nil, errConfiguration
	}
	if b[4]&3 != 3 {
		return found, nil, fmt.Errorf("%w: H.264 with lengths of %d bytes; 4 is usual", errFormat, b[4]&3+1)
	}
	rest, err := readSets(b[6:], int(b[5]&0x1f), &found.sps, &others)
	if err == nil && len(rest) > 0 {
		_, err = readSets(rest[1:], int(rest[0]), &found.pps, &others)
	}
	return found, others, err
}

// readHEVC reads an HEVCDecoderConfigurationRecord: ISO/IEC 14496-15, section 8.3.3.1.2.
func readHEVC(b []byte) (found sets, others []byte, err error) {
	if len(b) < 23 {
		return found, nil, errConfiguration
	}
	if b[21]&3 != 3 {
		return found, nil, fmt.Errorf("%w: HEVC with lengths of %d bytes; 4 is usual", errFormat, b[21]&3+1)
	}
	arrays := b[22]
	b = b[23:]
	for range arrays {
		if len(b) < 3 {
			return found, nil, errConfiguration
		}
		var unknown, ignored []byte // messages, that no picture leans on
		first, rest := &unknown, &ignored
		switch h265.NALUType(b[0] & 0x3f) {
		case h265.NALUType_VPS_NUT:
			first, rest = &found.vps, &others
		case h265.NALUType_SPS_NUT:
			first, rest = &found.sps, &others
		case h265.NALUType_PPS_NUT:
			first, rest = &found.pps, &others
		}
		if b, err = readSets(b[3:], int(binary.BigEndian.Uint16(b[1:])), first, rest); err != nil {
			return found, nil, err
		}
	}
	return found, others, nil
}

// readSets reads units of one kind: an init segment holds the first, and the others are added to what samples hold.
func readSets(b []byte, count int, first, others *[]byte) (rest []byte, err error) {
	for range count {
		var n []byte
		if n, b, err = lengthy(b); err != nil {
			return nil, err
		}
		if *first == nil {
			*first = n
			continue
		}
		*others = binary.BigEndian.AppendUint32(*others, uint32(len(n)))
		*others = append(*others, n...)
	}
	return b, nil
}

// lengthy takes a unit that stands behind its length in two bytes.
func lengthy(b []byte) (unit, rest []byte, err error) {
	if len(b) < 2 || int(binary.BigEndian.Uint16(b)) > len(b)-2 {
		return nil, nil, errConfiguration
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	return b[2:n:n], b[n:], nil
}
