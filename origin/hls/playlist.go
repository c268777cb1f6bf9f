package hls

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/Eyevinn/hls-m3u8/m3u8"

	"github.com/shoal-live/shoal/swarm/wire"
)

// version is the protocol version of our playlists: EXT-X-MAP outside I-frame playlists needs 6, LL-HLS tags 9.
const version = 9

// encode writes the media playlist. A fresh MediaPlaylist is built each time, since Encode consumes what it is given.
func (v *View) encode() []byte {
	c := v.config
	p, err := m3u8.NewMediaPlaylist(0, uint(len(v.Segments)+1)) // 0: all segments given are written
	if err != nil {
		panic("hls: " + err.Error()) // capacity is never below the window
	}
	p.SetVersion(version)
	p.SetTargetDuration(uint(c.Target / time.Second))
	p.SetWritePrecision(5)
	p.Closed = v.Ended
	p.PartTargetDuration = c.PartTarget.Seconds()
	p.ServerControl = &m3u8.ServerControl{
		HoldBack: 3 * c.Target.Seconds(), PartHoldBack: 3 * c.PartTarget.Seconds(), CanBlockReload: true,
	}

	all := v.Segments
	if v.parts() > 0 {
		all = append(all[:len(all):len(all)], v.Open)
	}
	if len(all) > 0 {
		first := all[0]
		p.SeqNo, p.DiscontinuitySeq = first.MSN, first.Discontinuity
		if first.Break {
			p.DiscontinuitySeq-- // its own tag is still listed
		}
	}
	records := map[string]string{}
	for _, s := range v.Segments {
		m := &m3u8.MediaSegment{
			URI: v.uri(Name{Kind: KindSegment, Number: s.MSN}), Duration: s.Duration.Seconds(),
			Discontinuity: s.Break, Map: v.mapOf(s), ProgramDateTime: date(s),
		}
		if err := p.AppendSegment(m); err != nil {
			panic("hls: " + err.Error()) // there is room for all
		}
	}
	for i, s := range all {
		records[v.mapOf(s).URI] = s.Init.Record
		if len(v.Segments)-i > c.PartsFor {
			continue
		}
		for n, part := range s.Parts {
			uri := v.uri(Name{Kind: KindPart, Number: s.MSN, Part: n})
			records[uri] = part.Record
			p.PartialSegments = append(p.PartialSegments, &m3u8.PartialSegment{
				SeqID: s.MSN, URI: uri, Duration: part.Duration.Seconds(), Independent: part.Independent,
			})
		}
	}
	if !v.Ended {
		p.SetPreloadHint("PART", v.uri(Name{Kind: KindPart, Number: v.Next, Part: v.parts()}))
	}
	return v.annotate(p.Encode().Bytes(), records)
}

// annotate adds what the library has no place for: chunk records, and the tags before the open segment's first part.
func (v *View) annotate(plain []byte, records map[string]string) []byte {
	var b bytes.Buffer
	b.Grow(len(plain) + len(records)*200)
	openFirst, lastMap := "", ""
	if v.parts() > 0 {
		openFirst = v.uri(Name{Kind: KindPart, Number: v.Open.MSN})
	}
	for line := range strings.Lines(string(plain)) {
		tag, _, _ := strings.Cut(line, ":")
		uri := attribute(line, `URI="`)
		if tag == "#EXT-X-MAP" {
			lastMap = uri
		}
		if tag == "#EXT-X-PART" && uri == openFirst {
			if v.Open.Break {
				b.WriteString("#EXT-X-DISCONTINUITY\n")
			}
			if m := v.mapOf(v.Open).URI; m != lastMap {
				b.WriteString(`#EXT-X-MAP:URI="` + m + "\"\n")
				writeRecord(&b, records[m])
			}
			b.WriteString("#EXT-X-PROGRAM-DATE-TIME:" + date(v.Open).Format(m3u8.DATETIME) + "\n")
		}
		b.WriteString(line)
		if tag == "#EXT-X-PART" || tag == "#EXT-X-MAP" {
			writeRecord(&b, records[uri])
		}
	}
	return b.Bytes()
}

func writeRecord(b *bytes.Buffer, record string) {
	b.WriteString(wire.RecordTag)
	b.WriteString(record)
	b.WriteByte('\n')
}

func attribute(line, key string) string {
	_, rest, ok := strings.Cut(line, key)
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func (v *View) uri(n Name) string {
	return strconv.FormatUint(uint64(v.config.Epoch), 10) + "/" + n.String()
}

func (v *View) mapOf(s *Segment) *m3u8.Map {
	return &m3u8.Map{URI: v.uri(Name{Kind: KindInit, Number: s.Init.Number})}
}

func date(s *Segment) time.Time { return s.Date.UTC().Truncate(time.Millisecond) }

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
	p.SetVersion(version)
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
