package whip

import (
	"errors"

	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/origin/media"
)

// errBroken says that what came has no meaning in its coding.
var errBroken = errors.New("whip: an RTP payload makes no sense")

// coding is what differs between video codecs: how RTP carries their access units, and what those hold. One belongs to one layer.
type coding interface {
	// unpack takes one payload apart and returns the units that it completes.
	unpack(payload []byte) ([][]byte, error)
	// pending tells whether a unit is there in part.
	pending() bool
	// drop forgets that part.
	drop()
	// read sorts an access unit.
	read(units [][]byte) (picture, error)
	// track returns what the newest parameters say, false where some are missing yet.
	track() (media.Track, bool, error)
	// order returns what finds decode times; nil where they are those of presentation.
	order() decodeOrder
	// parameters returns what order wants to see before a key frame.
	parameters() [][]byte
}

// decodeOrder is a DTS extractor of mediacommon.
type decodeOrder interface {
	Extract(units [][]byte, pts int64) (dts int64, err error)
}

// picture is an access unit as fMP4 stores it.
type picture struct {
	key   bool
	bytes []byte // empty if there is no picture in it
}

// codings are the ones that HLS carries, by their names in SDP.
var codings = map[string]struct {
	mime string
	new  func() coding
}{
	"h264": {webrtc.MimeTypeH264, func() coding { return &h264Coding{} }},
	"h265": {webrtc.MimeTypeH265, func() coding { return &h265Coding{} }},
	"av1":  {webrtc.MimeTypeAV1, func() coding { return &av1Coding{} }},
}
