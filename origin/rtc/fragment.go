package rtc

import (
	"errors"
	"strings"

	"github.com/pion/webrtc/v4"
)

// ErrFragment says that a PATCH has no usable body.
var ErrFragment = errors.New("webrtc: not a usable SDP of trickled candidates")

// MaxCandidates bounds what one session may be told.
const MaxCandidates = 64

// Fragment is what a PATCH brings (RFC 8840, section 9).
type Fragment struct {
	Ufrag      string
	Candidates []webrtc.ICECandidateInit
}

// ParseFragment reads the body of a PATCH.
func ParseFragment(text string) (f Fragment, err error) {
	var mid *string
	var line *uint16
	for raw := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimRight(raw, "\r\n"), ":")
		switch key {
		case "a=ice-ufrag":
			f.Ufrag = value
		case "a=mid":
			mid = &value
		case "a=candidate":
			c := webrtc.ICECandidateInit{Candidate: "candidate:" + value, SDPMid: mid, SDPMLineIndex: line}
			if mid == nil {
				zero := uint16(0)
				c.SDPMLineIndex = &zero
			}
			f.Candidates = append(f.Candidates, c)
		}
	}
	if len(f.Candidates) > MaxCandidates || f.Ufrag == "" && len(f.Candidates) == 0 && !strings.Contains(text, "a=") {
		return Fragment{}, ErrFragment
	}
	return f, nil
}
