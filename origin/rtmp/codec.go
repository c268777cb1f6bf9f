package rtmp

import (
	"errors"
	"fmt"
	"time"

	"github.com/bluenviron/gortmplib/pkg/message"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"github.com/shoal-live/shoal/origin/media"
)

func (d *dialogue) legacyVideo(m *message.Video) (event, error) {
	switch {
	case m.Type == message.VideoTypeConfig && m.Codec == message.CodecH264:
		return trackEvent(h264Track(m))
	case m.Type == message.VideoTypeConfig && m.Codec == message.CodecH265:
		return hevcTrack(&message.VideoExSequenceStart{FourCC: message.FourCCHEVC, HEVCConfig: m.HEVCConfig})
	case m.Type == message.VideoTypeAU && m.Codec == message.CodecH264:
		return d.video(message.FourCCAVC, m.DTS, m.PTSDelta, m.AU)
	case m.Type == message.VideoTypeAU && m.Codec == message.CodecH265:
		return d.video(message.FourCCHEVC, m.DTS, m.PTSDelta, m.AU)
	}
	return event{}, nil
}

func trackEvent(t media.Track, err error) (event, error) {
	if err != nil {
		return event{}, fmt.Errorf("%w: %w", errFormat, err)
	}
	return event{track: &t}, nil
}

func h264Track(m *message.Video) (media.Track, error) {
	c := m.AVCConfig
	if c == nil || len(c.SequenceParameterSets) == 0 || len(c.PictureParameterSets) == 0 {
		return media.Track{}, media.ErrParameters
	}
	return media.NewH264(c.SequenceParameterSets[0].NALUnit, c.PictureParameterSets[0].NALUnit)
}

func sequenceStart(m *message.VideoExSequenceStart) (event, error) {
	switch m.FourCC {
	case message.FourCCAVC:
		return trackEvent(h264Track(&message.Video{AVCConfig: m.AVCConfig}))
	case message.FourCCHEVC:
		return hevcTrack(m)
	case message.FourCCAV1:
		var units av1.Bitstream
		if m.AV1Config == nil || units.Unmarshal(m.AV1Config.ConfigOBUs) != nil {
			return event{}, fmt.Errorf("%w: AV1 configuration", errFormat)
		}
		u, err := media.ParseAV1(units)
		if err != nil || u.Header == nil {
			return event{}, nil // the sequence header comes with the first key frame
		}
		return trackEvent(media.NewAV1(u.Header))
	}
	return event{}, fmt.Errorf("%w: video must be H.264, HEVC or AV1", errFormat)
}

func hevcTrack(m *message.VideoExSequenceStart) (event, error) {
	if m.HEVCConfig == nil {
		return event{}, fmt.Errorf("%w: HEVC configuration", errFormat)
	}
	var units [][]byte
	for _, a := range m.HEVCConfig.NaluArrays {
		for _, n := range a.Nalus {
			units = append(units, n.NALUnit)
		}
	}
	u := media.ParseH265(units)
	return trackEvent(media.NewH265(u.VPS, u.SPS, u.PPS))
}

// video makes a frame. A composition offset is a signed 24 bit number that the library reads as unsigned.
func (d *dialogue) video(codec message.FourCC, dts, offset time.Duration, payload []byte) (event, error) {
	if offset >= 1<<23*time.Millisecond {
		offset -= 1 << 24 * time.Millisecond
	}
	at := d.clock.unwrap(dts)
	f := media.Frame{Video: true, DTS: at, PTS: at + offset}
	if codec == message.FourCCAV1 {
		var units av1.Bitstream
		if err := units.Unmarshal(payload); err != nil {
			return event{}, fmt.Errorf("rtmp: AV1 frame: %w", err)
		}
		u, err := media.ParseAV1(units)
		if err != nil {
			return event{}, fmt.Errorf("rtmp: AV1 frame: %w", err)
		}
		f.Key, f.Bytes = u.Key, u.Bytes
		if u.Header == nil {
			return event{frame: &f}, nil
		}
		e, err := trackEvent(media.NewAV1(u.Header))
		e.frame = &f
		return e, err
	}
	var units h264.AVCC
	if err := units.Unmarshal(payload); err != nil {
		if errors.Is(err, h264.ErrAVCCNoNALUs) {
			return event{}, nil
		}
		return event{}, fmt.Errorf("rtmp: video frame: %w", err)
	}
	switch codec {
	case message.FourCCAVC:
		u := media.ParseH264(units)
		f.Key, f.Bytes = u.Key, u.Bytes
	case message.FourCCHEVC:
		u := media.ParseH265(units)
		f.Key, f.Bytes = u.Key, u.Bytes
	}
	return event{frame: &f}, nil
}

func (d *dialogue) legacyAudio(m *message.Audio) (event, error) {
	if m.Codec != message.CodecMPEG4Audio {
		return event{}, fmt.Errorf("%w: audio must be AAC or Opus", errFormat)
	}
	if m.AACType == message.AudioAACTypeConfig {
		if m.AACConfig == nil {
			return event{}, nil
		}
		return trackEvent(media.NewAAC(m.AACConfig))
	}
	return d.audio(message.FourCCMP4A, m.DTS, m.AU)
}

func audioStart(m *message.AudioExSequenceStart) (event, error) {
	switch m.FourCC {
	case message.FourCCMP4A:
		return trackEvent(media.NewAAC(m.AACConfig))
	case message.FourCCOpus:
		channels := 2
		if m.OpusConfig != nil {
			channels = int(m.OpusConfig.ChannelCount)
		}
		return trackEvent(media.NewOpus(channels))
	}
	return event{}, fmt.Errorf("%w: audio must be AAC or Opus", errFormat)
}

func (d *dialogue) audio(codec message.FourCC, dts time.Duration, payload []byte) (event, error) {
	at := d.clock.unwrap(dts)
	f := media.Frame{DTS: at, PTS: at, Key: true, Bytes: payload}
	switch codec {
	case message.FourCCOpus:
		f.Length = media.OpusLength(payload)
	case message.FourCCMP4A:
	default:
		return event{}, fmt.Errorf("%w: audio must be AAC or Opus", errFormat)
	}
	return event{frame: &f}, nil
}
