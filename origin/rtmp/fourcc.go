package rtmp

import (
	"encoding/binary"
	"fmt"
)

// fourCC is Enhanced RTMP's name of a codec; or, below 32, the number of an old one, audio's with 16 added.
type fourCC uint32

const (
	fourAVC  fourCC = 'a'<<24 | 'v'<<16 | 'c'<<8 | '1'
	fourHEVC fourCC = 'h'<<24 | 'v'<<16 | 'c'<<8 | '1'
	fourAV1  fourCC = 'a'<<24 | 'v'<<16 | '0'<<8 | '1'
	fourVP9  fourCC = 'v'<<24 | 'p'<<16 | '0'<<8 | '9'
	fourAAC  fourCC = 'm'<<24 | 'p'<<16 | '4'<<8 | 'a'
	fourOpus fourCC = 'O'<<24 | 'p'<<16 | 'u'<<8 | 's'
)

// oldVideo reads a codec id of FLV 10.1, annex E.4.3.1, and that of HEVC, which some encoders use though it was never given out.
func oldVideo(id byte) fourCC {
	switch id {
	case 7:
		return fourAVC
	case 12:
		return fourHEVC
	}
	return fourCC(id)
}

// oldAudio reads a sound format of FLV 10.1, annex E.4.2.1.
func oldAudio(id byte) fourCC {
	if id == 10 {
		return fourAAC
	}
	return 16 + fourCC(id)
}

// refusal says why a codec cannot be carried and what to choose, or nothing.
func (c fourCC) refusal(video bool) string {
	switch c {
	case fourAVC, fourHEVC, fourAV1, fourVP9:
		if video {
			return ""
		}
	case fourAAC, fourOpus:
		if !video {
			return ""
		}
	}
	if video {
		return c.String() + " video: choose H.264 (or HEVC, AV1, VP9) as the video encoder"
	}
	return c.String() + " audio: choose AAC (or Opus) as the audio encoder"
}

// String is for people.
func (c fourCC) String() string {
	if name, ok := names[c]; ok {
		return name
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(c))
	if c < 32 {
		return fmt.Sprintf("codec %d", c&15)
	}
	return fmt.Sprintf("%q", b)
}

var names = map[fourCC]string{
	fourAVC: "H.264", fourHEVC: "HEVC", fourAV1: "AV1", fourVP9: "VP9", fourAAC: "AAC", fourOpus: "Opus",
	2: "Sorenson H.263", 3: "screen", 4: "VP6", 5: "VP6", 6: "screen",
	16: "uncompressed", 17: "ADPCM", 18: "MP3", 19: "uncompressed", 20: "Nellymoser", 21: "Nellymoser", 22: "Nellymoser",
	23: "G.711", 24: "G.711", 27: "Speex", 30: "MP3",
	'v'<<24 | 'p'<<16 | '0'<<8 | '8': "VP8", 'v'<<24 | 'v'<<16 | 'c'<<8 | '1': "VVC",
	'a'<<24 | 'c'<<16 | '-'<<8 | '3': "AC-3", 'e'<<24 | 'c'<<16 | '-'<<8 | '3': "E-AC-3",
	'.'<<24 | 'm'<<16 | 'p'<<8 | '3': "MP3", 'f'<<24 | 'L'<<16 | 'a'<<8 | 'C': "FLAC",
}
