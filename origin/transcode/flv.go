package transcode

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"github.com/shoal-live/shoal/origin/media"
)

var errFLV = errors.New("transcode: ffmpeg's output is no FLV of H.264")

// flv reads what ffmpeg makes of one rung. A file is a header of nine bytes, and four; then tags:
//
//	type 1 | size of the body 3 | milliseconds 3 and 1 above them | 0 0 0 | body | size of all that 4
//
// The body of a tag of video: kind of frame and codec 1 | 0 parameters or 1 frame 1 | PTS - DTS 3 | bytes.
type flv struct{ r *bufio.Reader }

// A picture is a frame, or nothing but the parameters of those that follow.
type picture struct {
	track  *media.Track
	millis uint32 // when it is shown, modulo 2^31
	key    bool
	bytes  []byte
}

const (
	tagVideo = 9
	codecAVC = 7
)

func newFLV(r io.Reader) (*flv, error) {
	f := &flv{bufio.NewReaderSize(r, 64<<10)}
	var head [13]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return nil, err
	}
	if string(head[:3]) != "FLV" || binary.BigEndian.Uint32(head[5:]) != 9 {
		return nil, fmt.Errorf("%w: it begins with %x", errFLV, head[:9])
	}
	return f, nil
}

// next returns the next picture; io.EOF at the end.
func (f *flv) next() (picture, error) {
	for {
		var head [11]byte
		if _, err := io.ReadFull(f.r, head[:]); err != nil {
			return picture{}, err
		}
		size := binary.BigEndian.Uint32(head[:]) & 0xffffff
		millis := binary.BigEndian.Uint32(head[4:])>>8 | uint32(head[7])<<24
		if size > media.MaxFrame {
			return picture{}, fmt.Errorf("%w: a tag of %d bytes", errFLV, size)
		}
		body := make([]byte, size+4)
		if _, err := io.ReadFull(f.r, body); err != nil {
			return picture{}, err
		}
		body = body[:size]
		if head[0] != tagVideo || size < 5 || body[0]&0xf != codecAVC {
			continue
		}
		offset := int32(binary.BigEndian.Uint32(body[1:])<<8) >> 8
		switch body[1] {
		case 0:
			track, err := parseParameters(body[5:])
			return picture{track: &track}, err
		case 1:
			p, err := parsePicture(body[5:])
			p.millis = (millis + uint32(offset)) & wrap
			return p, err
		}
	}
}

func parsePicture(b []byte) (picture, error) {
	var units h264.AVCC
	if err := units.Unmarshal(b); err != nil {
		return picture{}, fmt.Errorf("%w: %w", errFLV, err)
	}
	u := media.ParseH264(units)
	return picture{key: u.Key, bytes: u.Bytes}, nil
}

// parseParameters reads an AVCDecoderConfigurationRecord of ISO/IEC 14496-15, of which the first SPS and PPS count.
func parseParameters(b []byte) (media.Track, error) {
	var sets [2][]byte
	if len(b) < 6 {
		return media.Track{}, fmt.Errorf("%w: parameters of %d bytes", errFLV, len(b))
	}
	b = b[5:]
	for i := range sets {
		if len(b) < 1 {
			return media.Track{}, fmt.Errorf("%w: parameters missing", errFLV)
		}
		count := int(b[0] & 0x1f)
		b = b[1:]
		for n := range count {
			if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
				return media.Track{}, fmt.Errorf("%w: parameters cut short", errFLV)
			}
			size := 2 + int(binary.BigEndian.Uint16(b))
			if n == 0 {
				sets[i] = b[2:size]
			}
			b = b[size:]
		}
	}
	return media.NewH264(sets[0], sets[1])
}
