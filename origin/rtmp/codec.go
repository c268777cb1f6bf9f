package rtmp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"

	"github.com/shoal-live/shoal/origin/media"
)

// source is what was learned of one video track that its frames do not repeat.
type source struct {
	sps   []byte
	level uint8 // of VP9
}

// start reads the parameters of a codec. A track of AV1 or VP9 may begin with its first key frame only.
func (s *source) start(t tag) (*media.Track, error) {
	switch t.codec {
	case fourAVC:
		sps, pps, err := readAVC(t.body)
		if err != nil {
			return nil, err
		}
		s.sps = sps
		return track(media.NewH264(sps, pps))
	case fourHEVC:
		u, err := readHEVC(t.body)
		if err != nil {
			return nil, err
		}
		s.sps = u.SPS
		return track(media.NewH265(u.VPS, u.SPS, u.PPS))
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
		if s.changed(u.Key, u.SPS) && u.PPS != nil {
			s.sps = u.SPS
			changed, err = track(media.NewH264(u.SPS, u.PPS))
		}
		return f, changed, err
	case fourHEVC:
		u, err := media.SortH265(t.body)
		if err != nil {
			return f, nil, fmt.Errorf("rtmp: %v: %w", t.codec, err)
		}
		f.Key, f.Bytes = u.Key, u.Bytes
		if s.changed(u.Key, u.SPS) && u.VPS != nil && u.PPS != nil {
			s.sps = u.SPS
			changed, err = track(media.NewH265(u.VPS, u.SPS, u.PPS))
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

// changed tells whether a key frame brings another SPS than what was announced: some encoders change in the middle
// without a word before.
func (s *source) changed(key bool, sps []byte) bool {
	return key && sps != nil && !bytes.Equal(sps, s.sps)
}

var errConfiguration = fmt.Errorf("%w: a configuration record of H.264 or HEVC that is cut off", errFormat)

// readAVC reads an AVCDecoderConfigurationRecord: ISO/IEC 14496-15, section 5.3.3.1.2. The first of each kind counts.
func readAVC(b []byte) (sps, pps []byte, err error) {
	if len(b) < 6 {
		return nil, nil, errConfiguration
	}
	if b[4]&3 != 3 {
		return nil, nil, fmt.Errorf("%w: H.264 with lengths of %d bytes; 4 is usual", errFormat, b[4]&3+1)
	}
	first := func(count byte, b []byte) (unit, rest []byte, err error) {
		for i := range count {
			var n []byte
			if n, b, err = lengthy(b); err != nil {
				return nil, nil, err
			}
			if i == 0 {
				unit = n
			}
		}
		return unit, b, nil
	}
	sps, b, err = first(b[5]&0x1f, b[6:])
	if err == nil && len(b) > 0 {
		pps, _, err = first(b[0], b[1:])
	}
	return sps, pps, err
}

// readHEVC reads an HEVCDecoderConfigurationRecord: ISO/IEC 14496-15, section 8.3.3.1.2.
func readHEVC(b []byte) (u media.H265Unit, err error) {
	if len(b) < 23 {
		return u, errConfiguration
	}
	if b[21]&3 != 3 {
		return u, fmt.Errorf("%w: HEVC with lengths of %d bytes; 4 is usual", errFormat, b[21]&3+1)
	}
	var units [][]byte
	arrays := b[22]
	b = b[23:]
	for range arrays {
		if len(b) < 3 {
			return u, errConfiguration
		}
		count := binary.BigEndian.Uint16(b[1:])
		b = b[3:]
		for range count {
			var n []byte
			if n, b, err = lengthy(b); err != nil {
				return u, err
			}
			units = append(units, n)
		}
	}
	return media.ParseH265(units), nil
}

// lengthy takes a unit that stands behind its length in two bytes.
func lengthy(b []byte) (unit, rest []byte, err error) {
	if len(b) < 2 || int(binary.BigEndian.Uint16(b)) > len(b)-2 {
		return nil, nil, errConfiguration
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	return b[2:n:n], b[n:], nil
}
