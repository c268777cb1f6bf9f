package hls

import (
	"bytes"
	"strconv"

	"github.com/Eyevinn/hls-m3u8/m3u8"
)

// Variant is what the multivariant playlist says of one rendition.
type Variant struct {
	Index         int // of the rendition: v{Index}/index.m3u8
	Codecs        string
	Width, Height int
	FrameRate     float64
	Peak, Mean    float64 // bit/s
	Independent   bool    // every segment begins with a key frame
}

// Multivariant writes the multivariant playlist. The first variant is what a player begins with.
func Multivariant(variants []Variant) []byte {
	p := m3u8.NewMasterPlaylist()
	p.SetVersion(versionMap)
	independent := true
	for _, v := range variants {
		independent = independent && v.Independent
		params := m3u8.VariantParams{
			Bandwidth: uint32(v.Peak), AverageBandwidth: uint32(v.Mean), Codecs: v.Codecs, FrameRate: v.FrameRate,
		}
		if v.Width > 0 {
			params.Resolution = strconv.Itoa(v.Width) + "x" + strconv.Itoa(v.Height)
		}
		p.Append("v"+strconv.Itoa(v.Index)+"/index.m3u8", nil, params)
	}
	p.SetIndependentSegments(independent)
	return bytes.Clone(p.Encode().Bytes())
}
