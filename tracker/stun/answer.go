package stun

import (
	"net"
	"net/netip"
	"slices"

	"github.com/pion/stun/v4"
)

// Bounds of a request. Browsers send 20 to 100 bytes.
const (
	minRequest = 20
	maxRequest = 548
	maxUnknown = 8 // unknown attributes named in an error
)

// understood are the attributes below 0x8000 that a Binding request may carry and that change nothing here.
var understood = []stun.AttrType{
	stun.AttrUsername, stun.AttrMessageIntegrity, stun.AttrMessageIntegritySHA256, stun.AttrRealm, stun.AttrNonce,
	stun.AttrPriority, stun.AttrUseCandidate,
}

// Answer returns the answer to one datagram from an address: where the sender is seen, an error if the request
// holds attributes that must be understood and are not (RFC 8489, 6.3.1), nil for whatever is no Binding request.
func Answer(request []byte, from netip.AddrPort) []byte {
	if len(request) < minRequest || len(request) > maxRequest || !stun.IsMessage(request) {
		return nil
	}
	m := stun.Message{Raw: request}
	if m.Decode() != nil || m.Type != stun.BindingRequest {
		return nil
	}
	answer := stun.Message{TransactionID: m.TransactionID, Type: stun.BindingSuccess}
	answer.WriteHeader()
	if unknown := unknownOf(m.Attributes); len(unknown) > 0 {
		answer.SetType(stun.NewType(stun.MethodBinding, stun.ClassErrorResponse))
		if (stun.ErrorCodeAttribute{Code: stun.CodeUnknownAttribute}).AddTo(&answer) != nil || unknown.AddTo(&answer) != nil {
			return nil
		}
	} else {
		addr := stun.XORMappedAddress{IP: net.IP(from.Addr().Unmap().AsSlice()), Port: int(from.Port())}
		if addr.AddTo(&answer) != nil {
			return nil
		}
	}
	if m.Contains(stun.AttrFingerprint) && stun.Fingerprint.AddTo(&answer) != nil {
		return nil
	}
	return answer.Raw
}

func unknownOf(attributes stun.Attributes) stun.UnknownAttributes {
	var unknown stun.UnknownAttributes
	for _, a := range attributes {
		if a.Type.Required() && !slices.Contains(understood, a.Type) && len(unknown) < maxUnknown {
			unknown = append(unknown, a.Type)
		}
	}
	return unknown
}
