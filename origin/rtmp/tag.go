package rtmp

import (
	"encoding/binary"
	"errors"
	"time"
)

// tag is what a message of audio or video says of one track.
type tag struct {
	video  bool
	track  byte // 0 unless the message names tracks
	codec  fourCC
	old    bool // not Enhanced RTMP
	kind   byte
	key    bool          // by its own account
	offset time.Duration // composition time
	body   []byte
}

// Kinds of tags. What else there is, is left out.
const (
	tagStart  = iota // codec parameters
	tagFrames        // one access unit
)

var (
	errTag    = errors.New("rtmp: a message of audio or video that ends too soon")
	errTracks = errors.New("rtmp: a message of more tracks than there can be")
)

// Packet types of Enhanced RTMP, sections "Enhanced Audio" and "Enhanced Video". Those of one column mean the same.
const (
	packetStart  = 0
	packetFrames = 1
	packetX      = 3 // video: frames without a composition time
	packetModEx  = 7
)

const (
	audioMultitrack = 5
	videoMultitrack = 6
	videoCommand    = 5 // as frame type: no picture
	manyTracks      = 1 // OneTrack is 0
	manyCodecs      = 2
	maxTags         = 256 // of one message: a track's number is a byte
)

// readVideo adds the tags of a video message's body to tags.
func readVideo(tags []tag, b []byte) ([]tag, error) {
	if len(b) == 0 {
		return tags, nil
	}
	t := tag{video: true, key: b[0]>>4&7 == 1, old: b[0]&0x80 == 0}
	if b[0]>>4&7 == videoCommand {
		return tags, nil
	}
	if b[0]&0x80 != 0 {
		return readExtended(tags, t, b[0]&0xf, videoMultitrack, b[1:])
	}
	if t.codec = oldVideo(b[0] & 0xf); t.codec.refusal(true) != "" {
		return append(tags, t), nil
	}
	if len(b) < 5 {
		return tags, errTag
	}
	t.offset, t.body = composition(b[2:]), b[5:]
	switch b[1] {
	case 0:
		t.kind = tagStart
	case 1:
		t.kind = tagFrames
	default:
		return tags, nil
	}
	return append(tags, t), nil
}

// readAudio adds the tags of an audio message's body to tags.
func readAudio(tags []tag, b []byte) ([]tag, error) {
	if len(b) == 0 {
		return tags, nil
	}
	if b[0]>>4 == 9 {
		return readExtended(tags, tag{}, b[0]&0xf, audioMultitrack, b[1:])
	}
	t := tag{old: true, codec: oldAudio(b[0] >> 4)}
	if t.codec.refusal(false) != "" {
		return append(tags, t), nil
	}
	if len(b) < 2 {
		return tags, errTag
	}
	t.body = b[2:]
	if b[1] != 0 {
		t.kind = tagFrames
	}
	return append(tags, t), nil
}

// readExtended reads what follows the first byte of a message of Enhanced RTMP. t is what it said.
func readExtended(tags []tag, t tag, packet, multitrack byte, b []byte) ([]tag, error) {
	var err error
	if packet, b, err = skipModifiers(packet, b); err != nil {
		return tags, err
	}
	if packet != multitrack {
		if len(b) < 4 {
			return tags, errTag
		}
		t.codec = fourCC(binary.BigEndian.Uint32(b))
		return t.add(tags, packet, b[4:])
	}
	if len(b) < 1 {
		return tags, errTag
	}
	form := b[0] >> 4
	packet, b = b[0]&0xf, b[1:]
	if form > manyCodecs {
		return tags, nil
	}
	if form != manyCodecs {
		if len(b) < 4 {
			return tags, errTag
		}
		t.codec, b = fourCC(binary.BigEndian.Uint32(b)), b[4:]
	}
	for len(b) > 0 {
		if form == manyCodecs {
			if len(b) < 4 {
				return tags, errTag
			}
			t.codec, b = fourCC(binary.BigEndian.Uint32(b)), b[4:]
		}
		size := len(b) - 1
		skip := 1
		if form != 0 {
			if len(b) < 4 {
				return tags, errTag
			}
			size, skip = int(binary.BigEndian.Uint32(b)&0xffffff), 4
		}
		if size < 0 || size > len(b)-skip {
			return tags, errTag
		}
		if len(tags) >= maxTags {
			return tags, errTracks
		}
		t.track = b[0]
		if tags, err = t.add(tags, packet, b[skip:skip+size:skip+size]); err != nil {
			return tags, err
		}
		b = b[skip+size:]
	}
	return tags, nil
}

// skipModifiers reads over ModEx: it refines times to nanoseconds, which fMP4 would round away.
func skipModifiers(packet byte, b []byte) (byte, []byte, error) {
	for packet == packetModEx {
		if len(b) < 1 {
			return 0, nil, errTag
		}
		size := int(b[0]) + 1
		b = b[1:]
		if size == 256 {
			if len(b) < 2 {
				return 0, nil, errTag
			}
			size = int(binary.BigEndian.Uint16(b)) + 1
			b = b[2:]
		}
		if len(b) < size+1 {
			return 0, nil, errTag
		}
		packet, b = b[size]&0xf, b[size+1:]
	}
	return packet, b, nil
}

// add completes t with a track's packet and adds it.
func (t tag) add(tags []tag, packet byte, b []byte) ([]tag, error) {
	t.body = b
	switch {
	case packet == packetStart:
		t.kind = tagStart
	case packet == packetFrames && t.video && (t.codec == fourAVC || t.codec == fourHEVC):
		if len(b) < 3 {
			return tags, errTag
		}
		t.kind, t.offset, t.body = tagFrames, composition(b), b[3:]
	case packet == packetFrames, packet == packetX && t.video:
		t.kind = tagFrames
	default:
		return tags, nil // ends, metadata of colours, layouts of channels
	}
	return append(tags, t), nil
}

// composition reads a signed 24 bit number of milliseconds.
func composition(b []byte) time.Duration {
	v := int32(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8) >> 8
	return time.Duration(v) * time.Millisecond
}
