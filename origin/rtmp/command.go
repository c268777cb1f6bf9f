package rtmp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bluenviron/gortmplib/pkg/amf0"
)

// command is a message that asks for something.
type command struct {
	stream    uint32
	name      string
	id        int
	arguments amf0.Data
}

// readCommand tells whether a message is a command, and reads it. Of one in AMF3 the first byte is to be skipped: then it
// is AMF0.
func readCommand(m said) (c command, ok bool, err error) {
	switch {
	case m.kind == typeCommand3 && len(m.body) > 0:
		m.body = m.body[1:]
	case m.kind != typeCommand0:
		return c, false, nil
	}
	data, err := amf0.Unmarshal(m.body)
	if err != nil {
		return c, false, fmt.Errorf("rtmp: command: %w", err)
	}
	if len(data) < 2 {
		return c, false, errors.New("rtmp: a command without a name")
	}
	id, _ := data[1].(float64)
	return command{m.stream, text(data, 0), int(id), data[2:]}, true, nil
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

func connectApp(c command) string {
	s, _ := object(c.arguments, 0).GetString("app")
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

// keyless tells whether an address names no key at all: what it ends with is the application that everybody is told, "live".
func keyless(app, streamKey string) bool {
	key := keyOf(app, streamKey)
	return key == "" || key == "live" && keyOf("", streamKey) == ""
}

// announced is which kinds of tracks onMetaData promises.
type announced struct{ video, audio bool }

// metadata reads a data message; nil where it promises nothing.
func metadata(m said) *announced {
	if m.kind == typeData3 && len(m.body) > 0 {
		m.body = m.body[1:]
	}
	p, err := amf0.Unmarshal(m.body)
	if err != nil {
		return nil // it says nothing that is needed
	}
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
