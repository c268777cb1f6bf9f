package rtmp

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/handshake"
	"github.com/bluenviron/gortmplib/pkg/message"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"github.com/shoal-live/shoal/origin/media"
)

var (
	errFormat = errors.New("rtmp: cannot carry this")
	errOver   = errors.New("rtmp: unpublished")
)

// dialogue is an RTMP connection whose publisher has said its key.
type dialogue struct {
	rw      *message.ReadWriter
	key     string
	publish int // command ID of publish
	clock   clock
}

// greet leads a connection up to its publish command.
func greet(b *bounded) (*dialogue, error) {
	counter := bytecounter.NewReadWriter(b)
	keyIn, _, err := handshake.DoServer(counter, false)
	if err != nil {
		return nil, fmt.Errorf("rtmp: handshake: %w", err)
	}
	if keyIn != nil {
		return nil, errors.New("rtmp: RTMPE is not spoken here")
	}
	d := &dialogue{rw: message.NewReadWriter(counter, counter, false)}
	app := ""
	for {
		m, err := d.rw.Read()
		if err != nil {
			return nil, fmt.Errorf("rtmp: before publish: %w", err)
		}
		c, ok := m.(*message.CommandAMF0)
		if !ok {
			continue
		}
		switch c.Name {
		case "connect":
			app = connectApp(c)
			err = d.connected(c)
		case "createStream":
			err = d.result(c, nil, float64(1))
		case "releaseStream", "FCPublish":
			err = d.result(c, nil)
		case "publish":
			d.publish = c.CommandID
			d.key = keyOf(app, text(c.Arguments, 1))
			return d, nil
		case "play":
			return nil, errors.New("rtmp: this port takes broadcasts only; watch over HTTP")
		}
		if err != nil {
			return nil, err
		}
	}
}

func text(a amf0.Data, i int) string {
	if i >= len(a) {
		return ""
	}
	s, _ := a[i].(string)
	return s
}

func object(a amf0.Data, i int) amf0.Object {
	if i >= len(a) {
		return nil
	}
	switch o := a[i].(type) {
	case amf0.Object:
		return o
	case amf0.ECMAArray:
		return amf0.Object(o)
	}
	return nil
}

func connectApp(c *message.CommandAMF0) string {
	s, _ := object(c.Arguments, 0).GetString("app")
	return s
}

// keyOf finds the publish key in what the broadcaster's tool made of the address it was given.
func keyOf(app, streamKey string) string {
	app, _, _ = strings.Cut(app, "?")
	key, _, _ := strings.Cut(streamKey, "?")
	if key = strings.Trim(key, "/ "); key == "" {
		key = strings.Trim(app, "/ ")
	}
	return key[strings.LastIndexByte(key, '/')+1:]
}

func (d *dialogue) connected(c *message.CommandAMF0) error {
	for _, m := range []message.Message{
		&message.SetWindowAckSize{Value: 2500000},
		&message.SetPeerBandwidth{Value: 2500000, Type: 2},
		&message.SetChunkSize{Value: 65536},
	} {
		if err := d.rw.Write(m); err != nil {
			return err
		}
	}
	return d.result(c,
		amf0.Object{{Key: "fmsVer", Value: "FMS/3,5,7,7009"}, {Key: "capabilities", Value: float64(31)}},
		amf0.Object{
			{Key: "level", Value: "status"},
			{Key: "code", Value: "NetConnection.Connect.Success"},
			{Key: "description", Value: "Connection succeeded."},
			{Key: "objectEncoding", Value: float64(0)},
		})
}

func (d *dialogue) result(c *message.CommandAMF0, arguments ...any) error {
	return d.rw.Write(&message.CommandAMF0{
		ChunkStreamID: c.ChunkStreamID, Name: "_result", CommandID: c.CommandID, Arguments: arguments,
	})
}

func (d *dialogue) status(level, code, description string) error {
	return d.rw.Write(&message.CommandAMF0{
		ChunkStreamID: 5, MessageStreamID: 0x1000000, Name: "onStatus", CommandID: d.publish,
		Arguments: []any{nil, amf0.Object{
			{Key: "level", Value: level}, {Key: "code", Value: code}, {Key: "description", Value: description},
		}},
	})
}

// start tells the broadcaster to send.
func (d *dialogue) start() error {
	return d.status("status", "NetStream.Publish.Start", "Live.")
}

// reject tells the broadcaster why it is turned away.
func (d *dialogue) reject(code, description string) error {
	return d.status("error", code, description)
}

// event is one thing the broadcaster says.
type event struct {
	announced *announced
	track     *media.Track
	frame     *media.Frame
}

// announced is which kinds of tracks onMetaData promises.
type announced struct{ video, audio bool }

// next returns what the broadcaster says next; errOver when it ends in order. Codecs that HLS cannot carry are errFormat.
func (d *dialogue) next() (event, error) {
	for {
		m, err := d.rw.Read()
		if err != nil {
			return event{}, unsupported(err)
		}
		e, err := d.event(m)
		if err != nil || e != (event{}) {
			return e, err
		}
	}
}

// unsupported tells a codec the library does not know from a connection that broke.
func unsupported(err error) error {
	if s := err.Error(); strings.HasPrefix(s, "unsupported ") || strings.HasPrefix(s, "invalid ") {
		return fmt.Errorf("%w: %w", errFormat, err)
	}
	return err
}

func (d *dialogue) event(m message.Message) (event, error) {
	switch m := m.(type) {
	case *message.CommandAMF0:
		if m.Name == "FCUnpublish" || m.Name == "deleteStream" || m.Name == "closeStream" {
			return event{}, errOver
		}
	case *message.DataAMF0:
		return event{announced: metadata(m.Payload)}, nil
	case *message.Video:
		return d.legacyVideo(m)
	case *message.VideoExSequenceStart:
		return sequenceStart(m)
	case *message.VideoExFramesX:
		return d.video(m.FourCC, m.DTS, 0, m.Payload)
	case *message.VideoExCodedFrames:
		return d.video(m.FourCC, m.DTS, m.PTSDelta, m.Payload)
	case *message.VideoExMultitrack:
		if m.TrackID == 0 {
			return d.event(m.Wrapped)
		}
	case *message.Audio:
		return d.legacyAudio(m)
	case *message.AudioExSequenceStart:
		return audioStart(m)
	case *message.AudioExCodedFrames:
		return d.audio(m.FourCC, m.DTS, m.Payload)
	case *message.AudioExMultitrack:
		if m.TrackID == 0 {
			return d.event(m.Wrapped)
		}
	}
	return event{}, nil
}

func metadata(p amf0.Data) *announced {
	if len(p) > 1 && text(p, 0) == "@setDataFrame" {
		p = p[1:]
	}
	o := object(p, 1)
	if text(p, 0) != "onMetaData" || o == nil {
		return nil
	}
	_, video := o.Get("videocodecid")
	_, audio := o.Get("audiocodecid")
	return &announced{video: video, audio: audio}
}

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
		f.Key, f.Data = u.Key, u.Data
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
		f.Key, f.Data = u.Key, u.Data
	case message.FourCCHEVC:
		u := media.ParseH265(units)
		f.Key, f.Data = u.Key, u.Data
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
	f := media.Frame{DTS: at, PTS: at, Key: true, Data: payload}
	switch codec {
	case message.FourCCOpus:
		f.Length = media.OpusLength(payload)
	case message.FourCCMP4A:
	default:
		return event{}, fmt.Errorf("%w: audio must be AAC or Opus", errFormat)
	}
	return event{frame: &f}, nil
}
