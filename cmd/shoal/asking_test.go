package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// askOne asks by HTTP/1.1.
func (c asking) askOne(t *testing.T, conn net.Conn) (int, http.Header, []byte) {
	t.Helper()
	text := strings.ReplaceAll(c.raw, "\n", "\r\n")
	if text == "" {
		text = c.method + " " + c.target + " HTTP/1.1\r\nHost: localhost\r\n"
		if c.head != "" {
			text += strings.ReplaceAll(c.head, "\n", "\r\n") + "\r\n"
		}
		text += "\r\n" + c.body
	}
	go io.WriteString(conn, text) // what is too large is not read to its end
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, &http.Request{Method: c.method})
	if err != nil && c.status == http.StatusRequestHeaderFieldsTooLarge {
		return c.status, http.Header{}, nil // what was not read of it may take the answer back
	}
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil && c.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Fatal(err)
	}
	if c.method == "HEAD" || resp.StatusCode == http.StatusNotModified {
		if n := r.Buffered(); n > 0 {
			t.Errorf("%d bytes behind an answer without a body", n)
		}
	}
	if resp.Close { // http.ReadResponse takes the header out
		resp.Header.Set("Connection", "close")
		if more, err := io.ReadAll(r); len(more) > 0 || err != nil && c.status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("after the last answer: %q, %v", more, err)
		}
	}
	return resp.StatusCode, resp.Header, body
}

// askTwo asks by HTTP/2, frame by frame, so that what is wrong can be said too.
func (c asking) askTwo(t *testing.T, conn net.Conn) (status int, head http.Header, body []byte) {
	t.Helper()
	io.WriteString(conn, http2.ClientPreface)
	f := http2.NewFramer(conn, conn)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
	f.WriteWindowUpdate(0, 1<<20)
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for _, field := range [][2]string{{":method", c.method}, {":scheme", "http"}, {":authority", "localhost"}, {":path", c.target}} {
		e.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	for line := range strings.SplitSeq(c.head, "\n") {
		if line == "" {
			continue
		}
		line, odd := strings.CutPrefix(line, "2")
		at := strings.Index(line[1:], ": ") + 1
		name := line[:at]
		if !odd {
			name = strings.ToLower(name)
		}
		e.WriteField(hpack.HeaderField{Name: name, Value: line[at+2:]})
	}
	first := true
	for b := block.Bytes(); first || len(b) > 0; first = false {
		part := b[:min(len(b), 16<<10)]
		b = b[len(part):]
		if first {
			f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: part, EndStream: c.body == "", EndHeaders: len(b) == 0})
		} else {
			f.WriteContinuation(1, len(b) == 0, part)
		}
	}
	if c.body != "" {
		f.WriteData(1, true, []byte(c.body))
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				f.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			head = http.Header{}
			for _, field := range frame.RegularFields() {
				head.Add(field.Name, field.Value)
			}
			fmt.Sscan(frame.PseudoValue("status"), &status)
			if frame.StreamEnded() {
				return status, head, body
			}
		case *http2.DataFrame:
			body = append(body, frame.Data()...)
			if frame.StreamEnded() {
				return status, head, body
			}
		case *http2.RSTStreamFrame:
			if status != 0 && frame.ErrCode == http2.ErrCodeNo {
				return status, head, body
			}
			return reset, nil, nil
		case *http2.GoAwayFrame:
			if frame.ErrCode != http2.ErrCodeNo {
				return reset, nil, nil
			}
		}
	}
}
