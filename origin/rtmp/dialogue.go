package rtmp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

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
	in      *chunks
	out     *message.Writer
	key     string
	keyless bool // it said none
	publish int  // command ID of publish
	clock   clock

	tags    []tag         // of the newest message
	told    int           // of them
	at      time.Duration // of the message they came in
	sources map[byte]*source
	first   [2]int // the track of audio and that of video that came first, -1 before
}

func newDialogue(b io.ReadWriter) *dialogue {
	return &dialogue{
		in: newChunks(bufio.NewReaderSize(b, readAhead)), out: message.NewWriter(b, bytecounter.NewWriter(b), false),
		sources: map[byte]*source{}, first: [2]int{-1, -1},
	}
}

// greet leads a connection up to its publish command.
func greet(b io.ReadWriter) (*dialogue, error) {
	d := newDialogue(b)
	keyIn, _, err := handshake.DoServer(struct {
		io.Reader
		io.Writer
	}{d.in.from, b}, false)
	if err != nil {
		return nil, fmt.Errorf("rtmp: handshake: %w", err)
	}
	if keyIn != nil {
		return nil, errors.New("rtmp: RTMPE is not spoken here")
	}
	return d, d.introduce()
}

// introduce answers commands until publish.
func (d *dialogue) introduce() error {
	app := ""
	for {
		m, err := d.read()
		if err != nil {
			return fmt.Errorf("rtmp: before publish: %w", err)
		}
		c, ok, err := readCommand(m)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		switch c.name {
		case "connect":
			app = connectApp(c)
			err = d.connected(c)
		case "createStream":
			err = d.result(c, nil, float64(1))
		case "releaseStream", "FCPublish":
			err = d.result(c, nil)
		case "publish":
			d.publish = c.id
			said := text(c.arguments, 1)
			d.key, d.keyless = keyOf(app, said), keyless(app, said)
			return nil
		case "play":
			return errors.New("rtmp: this port takes broadcasts only; watch over HTTP")
		}
		if err != nil {
			return err
		}
	}
}

// read returns the next message. What wants an answer at once gets it.
func (d *dialogue) read() (said, error) {
	for {
		m, err := d.in.next()
		if err != nil {
			return m, err
		}
		if read, due := d.in.due(); due {
			if err := d.out.Write(&message.Acknowledge{Value: read}); err != nil {
				return m, err
			}
		}
		if m.kind != typeControl {
			return m, nil
		}
		if len(m.body) >= 6 && binary.BigEndian.Uint16(m.body) == pingRequest {
			if err := d.out.Write(&message.UserControlPingResponse{ServerTime: binary.BigEndian.Uint32(m.body[2:])}); err != nil {
				return m, err
			}
		}
	}
}

func (d *dialogue) connected(c command) error {
	for _, m := range []message.Message{
		&message.SetWindowAckSize{Value: 2500000},
		&message.SetPeerBandwidth{Value: 2500000, Type: 2},
		&message.SetChunkSize{Value: 65536},
	} {
		if err := d.out.Write(m); err != nil {
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

func (d *dialogue) result(c command, arguments ...any) error {
	return d.out.Write(&message.CommandAMF0{
		ChunkStreamID: byte(min(c.stream, 63)), Name: "_result", CommandID: c.id, Arguments: arguments,
	})
}

func (d *dialogue) status(level, code, description string) error {
	return d.out.Write(&message.CommandAMF0{
		ChunkStreamID: 5, MessageStreamID: 0x1000000, Name: "onStatus", CommandID: d.publish,
		Arguments: []any{nil, amf0.Object{
			{Key: "level", Value: level}, {Key: "code", Value: code}, {Key: "description", Value: description},
		}},
	})
}

// admitted lets messages be as long as a broadcast needs.
func (d *dialogue) admitted() { d.in.limit = maxMessages }

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
	track     *media.Track // of what comes from now on
	frame     media.Frame  // without bytes: none
	old       bool         // HEVC by the number that was never given out

	extra   bool   // it is about another than the first track of its kind
	video   bool   // and that is video
	id      byte   // the track's
	refused string // why the track cannot be carried
}

// next returns what the broadcaster says next; errOver when it ends in order. Codecs that HLS cannot carry are errFormat.
func (d *dialogue) next() (event, error) {
	for {
		if d.told < len(d.tags) {
			d.told++
			return d.event(d.tags[d.told-1])
		}
		m, err := d.read()
		if err != nil {
			return event{}, err
		}
		d.at, d.told = m.at, 0
		d.tags = d.tags[:0]
		switch m.kind {
		case typeVideo:
			d.tags, err = readVideo(d.tags, m.body)
		case typeAudio:
			d.tags, err = readAudio(d.tags, m.body)
		case typeData0, typeData3:
			if a := metadata(m); a != nil {
				return event{announced: a}, nil
			}
		case typeCommand0, typeCommand3:
			c, _, _ := readCommand(m)
			if c.name == "FCUnpublish" || c.name == "deleteStream" || c.name == "closeStream" {
				return event{}, errOver
			}
		}
		if err != nil {
			return event{}, err
		}
	}
}

func (d *dialogue) event(t tag) (event, error) {
	first := &d.first[0]
	if t.video {
		first = &d.first[1]
	}
	if *first < 0 {
		*first = int(t.track)
	}
	e := event{extra: int(t.track) != *first, video: t.video, id: t.track, refused: t.codec.refusal(t.video)}
	switch {
	case e.refused != "" && !e.extra:
		return e, fmt.Errorf("%w: %s", errFormat, e.refused)
	case e.refused != "", e.extra && !t.video:
		return e, nil
	}
	s := &source{}
	if t.video {
		if d.sources[t.track] == nil {
			d.sources[t.track] = s
		}
		s = d.sources[t.track]
	}
	var err error
	if t.kind == tagStart {
		e.old = t.old && t.codec == fourHEVC
		e.track, err = s.start(t)
	} else {
		e.frame, e.track, err = s.frame(t, d.clock.unwrap(d.at))
	}
	return e, err
}
