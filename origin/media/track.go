package media

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/vp9"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
)

// videoScale is the clock of every video track, ticks a second.
const videoScale = 90000

// ErrParameters says that a codec's parameters cannot be read.
var ErrParameters = errors.New("media: unusable codec parameters")

// Track says what one elementary stream is. It is a value: two tracks with Same parameters can share an init segment.
type Track struct {
	Codec  codecs.Codec
	Name   string // for people: "H264", "MPEG-4 Audio"
	RFC    string // for players: "avc1.42c01f", "mp4a.40.2"
	Scale  uint32 // ticks a second
	Width  int
	Height int
	Rate   float64 // frames a second, 0 if the parameters do not tell
	// SampleLength is how long each audio frame lasts where that is fixed, else 0.
	SampleLength time.Duration

	parameters []byte
}

// Video tells whether the track is pictures.
func (t Track) Video() bool { return t.Codec.IsVideo() }

// Same tells whether both tracks need the same init segment.
func (t Track) Same(o Track) bool {
	return t.RFC == o.RFC && t.Scale == o.Scale && bytes.Equal(t.parameters, o.parameters)
}

// NewH264 makes a track of its parameter sets.
func NewH264(sps, pps []byte) (Track, error) {
	var p h264.SPS
	if err := p.Unmarshal(sps); err != nil {
		return Track{}, fmt.Errorf("%w: H.264 SPS: %w", ErrParameters, err)
	}
	if len(sps) < 4 || len(pps) == 0 {
		return Track{}, fmt.Errorf("%w: H.264 PPS missing", ErrParameters)
	}
	return Track{
		Codec: &codecs.H264{SPS: sps, PPS: pps}, Name: "H264",
		RFC:   fmt.Sprintf("avc1.%02x%02x%02x", sps[1], sps[2], sps[3]),
		Scale: videoScale, Width: p.Width(), Height: p.Height(), Rate: plausibleRate(p.FPS()),
		parameters: join(sps, pps),
	}, nil
}

// NewH265 makes a track of its parameter sets.
func NewH265(vps, sps, pps []byte) (Track, error) {
	var p h265.SPS
	if err := p.Unmarshal(sps); err != nil {
		return Track{}, fmt.Errorf("%w: HEVC SPS: %w", ErrParameters, err)
	}
	plain := h264.EmulationPreventionRemove(sps)
	if len(vps) == 0 || len(plain) < 15 || len(pps) == 0 {
		return Track{}, fmt.Errorf("%w: HEVC VPS, SPS or PPS missing", ErrParameters)
	}
	return Track{
		Codec: &codecs.H265{VPS: vps, SPS: sps, PPS: pps}, Name: "H265",
		RFC:   hevcString(&p.ProfileTierLevel, plain[8:14]),
		Scale: videoScale, Width: p.Width(), Height: p.Height(), Rate: plausibleRate(p.FPS()),
		parameters: join(vps, sps, pps),
	}, nil
}

// hevcString follows ISO/IEC 14496-15, annex E.3.
func hevcString(p *h265.SPS_ProfileTierLevel, constraints []byte) string {
	var compat uint32
	for i, set := range p.GeneralProfileCompatibilityFlag {
		if set {
			compat |= 1 << (31 - i)
		}
	}
	tier := "L"
	if p.GeneralTierFlag != 0 {
		tier = "H"
	}
	space := ""
	if p.GeneralProfileSpace > 0 {
		space = string(rune('A' + p.GeneralProfileSpace - 1))
	}
	s := fmt.Sprintf("hvc1.%s%d.%x.%s%d", space, p.GeneralProfileIdc, bits.Reverse32(compat), tier, p.GeneralLevelIdc)
	constraints = bytes.TrimRight(constraints, "\x00")
	for _, c := range constraints {
		s += fmt.Sprintf(".%x", c)
	}
	return s
}

// NewAV1 makes a track of its sequence header OBU.
func NewAV1(header []byte) (Track, error) {
	var p av1.SequenceHeader
	if err := p.Unmarshal(header); err != nil {
		return Track{}, fmt.Errorf("%w: AV1 sequence header: %w", ErrParameters, err)
	}
	if len(p.SeqLevelIdx) == 0 || len(p.SeqTier) == 0 {
		return Track{}, fmt.Errorf("%w: AV1 sequence header without a level", ErrParameters)
	}
	tier := "M"
	if p.SeqTier[0] {
		tier = "H"
	}
	return Track{
		Codec: &codecs.AV1{SequenceHeader: header}, Name: "AV1",
		RFC:   fmt.Sprintf("av01.%d.%02d%s.%02d", p.SeqProfile, p.SeqLevelIdx[0], tier, max(8, p.ColorConfig.BitDepth)),
		Scale: videoScale, Width: p.Width(), Height: p.Height(),
		parameters: join(header),
	}, nil
}

// NewVP9 makes a track of a key frame. Level is that of the encoder times ten, 0 if it does not tell.
func NewVP9(frame []byte, level uint8) (Track, error) {
	var h vp9.Header
	if err := h.Unmarshal(frame); err != nil {
		return Track{}, fmt.Errorf("%w: VP9 frame: %w", ErrParameters, err)
	}
	if h.ColorConfig == nil || h.FrameSize == nil {
		return Track{}, fmt.Errorf("%w: VP9 without a key frame", ErrParameters)
	}
	if level == 0 {
		level = vp9Level(h.Width() * h.Height())
	}
	c := &codecs.VP9{
		Width: h.Width(), Height: h.Height(), Profile: h.Profile, BitDepth: h.ColorConfig.BitDepth,
		ChromaSubsampling: h.ChromaSubsampling(), ColorRange: h.ColorConfig.ColorRange,
	}
	return Track{
		Codec: c, Name: "VP9", RFC: fmt.Sprintf("vp09.%02d.%02d.%02d", c.Profile, level, c.BitDepth),
		Scale: videoScale, Width: c.Width, Height: c.Height,
		parameters: fmt.Appendf(nil, "%+v", *c),
	}, nil
}

// vp9Level returns the least level that has so many pixels thirty times a second: VP Codec ISO Media File Format Binding,
// "Codecs Parameter String", and the table of levels that it refers to.
func vp9Level(pixels int) uint8 {
	for _, l := range []struct {
		level  uint8
		pixels int
	}{
		{10, 27648}, {11, 73728}, {20, 122880}, {21, 245760}, {30, 552960}, {31, 983040}, {40, 2228224}, {50, 8912896}, {60, 35651584},
	} {
		if pixels <= l.pixels {
			return l.level
		}
	}
	return 62
}

// NewAAC makes a track of its configuration.
func NewAAC(c *mpeg4audio.AudioSpecificConfig) (Track, error) {
	if c == nil || c.SampleRate < 7350 || c.SampleRate > 96000 {
		return Track{}, fmt.Errorf("%w: AAC configuration", ErrParameters)
	}
	b, err := c.Marshal()
	if err != nil {
		return Track{}, fmt.Errorf("%w: AAC configuration: %w", ErrParameters, err)
	}
	samples := time.Duration(1024)
	if c.FrameLengthFlag {
		samples = 960
	}
	return Track{
		Codec: &codecs.MPEG4Audio{Config: *c}, Name: "MPEG-4 Audio",
		RFC: fmt.Sprintf("mp4a.40.%d", c.Type), Scale: uint32(c.SampleRate),
		SampleLength: samples * time.Second / time.Duration(c.SampleRate),
		parameters:   b,
	}, nil
}

// NewOpus makes a track of one or two channels; the clock is always 48 kHz.
func NewOpus(channels int) (Track, error) {
	if channels < 1 || channels > 2 {
		return Track{}, fmt.Errorf("%w: Opus with %d channels", ErrParameters, channels)
	}
	return Track{
		Codec: &codecs.Opus{ChannelCount: channels}, Name: "Opus", RFC: "opus", Scale: 48000,
		parameters: []byte{byte(channels)},
	}, nil
}

func plausibleRate(fps float64) float64 {
	if fps >= 1 && fps <= 300 {
		return fps
	}
	return 0
}

func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, byte(len(p)>>8), byte(len(p)))
		b = append(b, p...)
	}
	return b
}
