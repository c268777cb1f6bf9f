package rtmp

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/handshake"
	"github.com/bluenviron/gortmplib/pkg/message"

	"github.com/shoal-live/shoal/origin/media"
)

var (
	errFormat = errors.New("rtmp: cannot carry this")
	errOver   = errors.New("rtmp: unpublished")
)

// dialogue is an RTMP connection whose publisher has said its key.
type dialogue struct {
	rw      *message.ReadWriter
	gate    *gate
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
	g := newGate(counter)
	d := &dialogue{gate: g, rw: message.NewReadWriter(struct {
		io.Reader
		io.Writer
	}{g, counter}, counter, false)}
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

// admitted lets messages be as long as a broadcast needs.
func (d *dialogue) admitted() { d.gate.limit = maxMessages }

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
