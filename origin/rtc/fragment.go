package rtc

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// ErrFragment says that a PATCH has no usable body.
var ErrFragment = errors.New("webrtc: not a usable SDP fragment of ICE")

// MaxCandidates bounds what PATCHes may tell one session for each time that its ICE begins. An offer may hold as many of each track.
const MaxCandidates = 64

// Fragment is what a PATCH brings (RFC 8840, section 9): candidates of the broadcaster, and credentials, which are new ones where ICE
// is to begin anew.
type Fragment struct {
	Ufrag, Pwd string
	Candidates []webrtc.ICECandidateInit
}

// ParseFragment reads the body of a PATCH.
func ParseFragment(text string) (f Fragment, err error) {
	var mid *string
	known := false
	for raw := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimRight(raw, "\r\n"), ":")
		known = known || strings.HasPrefix(key, "a=")
		switch key {
		case "a=ice-ufrag":
			f.Ufrag = value
		case "a=ice-pwd":
			f.Pwd = value
		case "a=mid":
			mid = &value
		case "a=candidate":
			if len(strings.Fields(value)) < 8 {
				return Fragment{}, fmt.Errorf("%w: a=candidate:%.80s", ErrFragment, value)
			}
			c := webrtc.ICECandidateInit{Candidate: "candidate:" + value, SDPMid: mid}
			if mid == nil {
				c.SDPMLineIndex = new(uint16)
			}
			f.Candidates = append(f.Candidates, c)
		}
	}
	switch {
	case !known:
		return Fragment{}, ErrFragment
	case len(f.Candidates) > MaxCandidates:
		return Fragment{}, fmt.Errorf("%w: more than %d candidates", ErrFragment, MaxCandidates)
	case f.Ufrag != "" && !iceChars(f.Ufrag, 4), f.Pwd != "" && !iceChars(f.Pwd, 22):
		return Fragment{}, fmt.Errorf("%w: a=ice-ufrag has 4 to 256 letters, digits, '+' or '/', a=ice-pwd 22 to 256", ErrFragment)
	}
	return f, nil
}

// iceChars tells whether s is what credentials are made of (RFC 8839, section 5.4).
func iceChars(s string, least int) bool {
	for _, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '+', c == '/', c == '-', c == '_', c == '=':
		default:
			return false
		}
	}
	return len(s) >= least && len(s) <= 256
}

// Renew returns an offer with other credentials, and without candidates.
func Renew(offer, ufrag, pwd string) (string, error) {
	var s sdp.SessionDescription
	if err := s.UnmarshalString(offer); err != nil {
		return "", fmt.Errorf("webrtc: stored offer: %w", err)
	}
	s.Origin.SessionVersion++
	s.Attributes = renewed(s.Attributes, ufrag, pwd)
	for _, m := range s.MediaDescriptions {
		m.Attributes = renewed(m.Attributes, ufrag, pwd)
	}
	b, err := s.Marshal()
	return string(b), err
}

func renewed(all []sdp.Attribute, ufrag, pwd string) (out []sdp.Attribute) {
	for _, a := range all {
		switch a.Key {
		case "ice-ufrag":
			a.Value = ufrag
		case "ice-pwd":
			a.Value = pwd
		case "candidate", "end-of-candidates":
			continue
		}
		out = append(out, a)
	}
	return out
}

// FragmentOf returns what a description says of ICE, for the answer to a restart.
func FragmentOf(description string) (string, error) {
	var s sdp.SessionDescription
	if err := s.UnmarshalString(description); err != nil {
		return "", fmt.Errorf("webrtc: own answer: %w", err)
	}
	if len(s.MediaDescriptions) == 0 {
		return "", fmt.Errorf("webrtc: own answer: %w", ErrFragment)
	}
	var out strings.Builder
	write := func(all []sdp.Attribute, keys ...string) {
		for _, key := range keys {
			for _, a := range all {
				if a.Key == key {
					out.WriteString("a=" + strings.TrimSuffix(key+":"+a.Value, ":") + "\r\n")
				}
			}
		}
	}
	m := s.MediaDescriptions[0] // all are bundled with it
	write(s.Attributes, "ice-lite", "ice-options", "group", "ice-ufrag", "ice-pwd")
	out.WriteString("m=" + m.MediaName.String() + "\r\n")
	write(m.Attributes, "mid", "ice-options", "ice-ufrag", "ice-pwd", "candidate", "end-of-candidates")
	return out.String(), nil
}

// Credentials returns the ICE credentials of a description.
func Credentials(description string) (ufrag, pwd string) {
	return attribute(description, "a=ice-ufrag:"), attribute(description, "a=ice-pwd:")
}

func attribute(sdp, key string) string {
	_, rest, _ := strings.Cut(sdp, key)
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}
