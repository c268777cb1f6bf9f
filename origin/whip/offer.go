package whip

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/shoal-live/shoal/origin/rtc"
)

// What can be wrong with an offer. The texts are shown to whoever sent it.
var (
	errTracks = errors.New("whip: an offer must send one video track, one audio track, or one of each")
	errCodecs = errors.New("whip: HLS needs H.264, HEVC or AV1 video and Opus audio")
)

const maxLayers = 8 // of simulcast

// offer is what matters of an SDP offer.
type offer struct {
	coding string      // of the video: the first that is offered of those in codings
	video  []rtc.Codec // of that coding only
	audio  []rtc.Codec // Opus only
	layers []string
}

// parseOffer reads an offer and refuses what cannot become a stream as a whole.
func parseOffer(text string) (offer, error) {
	var o offer
	tracks, err := rtc.ReadOffer(text)
	if err != nil {
		return o, err
	}
	var videos, audios int
	for _, m := range tracks {
		if _, receives := m.Attribute("recvonly"); receives {
			return o, errTracks
		}
		switch m.MediaName.Media {
		case "video":
			videos++
			o.coding, o.video = firstCoding(m)
			o.layers, err = simulcast(m)
		case "audio":
			audios++
			o.audio = codecs(m, "opus")
		default:
			return o, fmt.Errorf("%w; not %q", errTracks, m.MediaName.Media)
		}
		if err != nil {
			return o, err
		}
	}
	if videos > 1 || audios > 1 || videos+audios == 0 {
		return o, errTracks
	}
	if videos == 1 && len(o.video) == 0 {
		return o, fmt.Errorf("%w; the offered video has none of these", errCodecs)
	}
	if audios == 1 && len(o.audio) == 0 {
		return o, fmt.Errorf("%w; the offered audio has no Opus", errCodecs)
	}
	return o, nil
}

// firstCoding returns the coding the broadcaster likes best of those that HLS carries, and its payload types.
func firstCoding(m *sdp.MediaDescription) (name string, of []rtc.Codec) {
	best := len(m.MediaName.Formats)
	for n := range codings {
		all := codecs(m, n)
		for _, c := range all {
			if at := slices.Index(m.MediaName.Formats, strconv.Itoa(int(c.Payload))); at >= 0 && at < best {
				best, name, of = at, n, all
			}
		}
	}
	return name, of
}

// codecs returns the payload types of m that are of the named encoding.
func codecs(m *sdp.MediaDescription, name string) []rtc.Codec {
	return slices.DeleteFunc(rtc.Codecs(m), func(c rtc.Codec) bool { return !strings.EqualFold(c.Name, name) })
}

// simulcast returns the names of the layers that m sends (RFC 8853), none where it sends one without a name. All of them
// are taken, or none: what would have to be left out is an error.
func simulcast(m *sdp.MediaDescription) (layers []string, err error) {
	text, offered := m.Attribute("simulcast")
	var named []string
	for _, a := range m.Attributes {
		switch a.Key {
		case "rid":
			if id, direction, _ := strings.Cut(a.Value, " "); strings.HasPrefix(direction, "send") {
				named = append(named, id)
			}
		case "ssrc-group":
			if strings.HasPrefix(a.Value, "SIM ") {
				return nil, fmt.Errorf("%w; layers of simulcast need names, a=rid and a=simulcast", errTracks)
			}
		}
	}
	if !offered {
		if len(named) > 0 {
			return nil, fmt.Errorf("%w: a=rid without a=simulcast", rtc.ErrOffer)
		}
		return nil, nil
	}
	words := strings.Fields(text)
	if len(words) != 2 || words[0] != "send" {
		return nil, fmt.Errorf("%w: a=simulcast:%.80s", rtc.ErrOffer, text)
	}
	for stream := range strings.SplitSeq(words[1], ";") {
		id := strings.TrimPrefix(stream, "~") // it begins paused
		if strings.Contains(id, ",") {
			return nil, fmt.Errorf("%w; layers with alternatives are not taken", errTracks)
		}
		if id == "" || len(id) > 32 || slices.Contains(layers, id) || !slices.Contains(named, id) {
			return nil, fmt.Errorf("%w: layer %.32q of a=simulcast", rtc.ErrOffer, id)
		}
		layers = append(layers, id)
	}
	if len(named) != len(layers) {
		return nil, fmt.Errorf("%w: a=rid names other layers than a=simulcast", rtc.ErrOffer)
	}
	if len(layers) > maxLayers {
		return nil, fmt.Errorf("%w, in at most %d layers", errTracks, maxLayers)
	}
	return layers, nil
}
