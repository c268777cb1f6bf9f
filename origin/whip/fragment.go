package whip

import (
	"errors"
	"strings"

	"github.com/pion/webrtc/v4"
)

var errFragment = errors.New("whip: not a usable SDP of trickled candidates")

const maxCandidates = 64

// sdpfrag is what a PATCH brings (RFC 8840, section 9).
type sdpfrag struct {
	ufrag      string
	candidates []webrtc.ICECandidateInit
}

func parseFragment(text string) (f sdpfrag, err error) {
	var mid *string
	var line *uint16
	for raw := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimRight(raw, "\r\n"), ":")
		switch key {
		case "a=ice-ufrag":
			f.ufrag = value
		case "a=mid":
			mid = &value
		case "a=candidate":
			c := webrtc.ICECandidateInit{Candidate: "candidate:" + value, SDPMid: mid, SDPMLineIndex: line}
			if mid == nil {
				zero := uint16(0)
				c.SDPMLineIndex = &zero
			}
			f.candidates = append(f.candidates, c)
		}
	}
	if len(f.candidates) > maxCandidates || f.ufrag == "" && len(f.candidates) == 0 && !strings.Contains(text, "a=") {
		return sdpfrag{}, errFragment
	}
	return f, nil
}
