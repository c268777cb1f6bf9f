package viewer

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

var (
	errPlaylist  = errors.New("viewer: not a playlist")
	errNoRecords = errors.New("viewer: the playlist carries no chunk records: nothing of it can be verified")
)

// part is one part, or init segment, of a media playlist with its record.
type part struct {
	record wire.Record
	url    string
	init   string    // URL of the init segment it needs; empty for an init segment
	at     time.Time // when its first picture was taken; zero if the playlist does not tell
}

// media is what a viewer reads of a media playlist.
type media struct {
	parts    []part // init segments and parts in their order
	holdBack time.Duration
	msn      uint64 // of the segment that the next part belongs to
	next     int    // number of the next part in it
	hint     string // URL of the next part; empty if the playlist does not tell
	listed   int    // parts in the playlist, with a record or without; those known to be missing do not count
	init     string // URL of the init segment that the next part needs, unless the playlist says otherwise
	skips    bool   // the origin offers delta playlists
	ended    bool

	misplaced int // records dropped because they are those of another place
}

// parseVariant returns the URL of the first variant of a multivariant playlist, or "" if b is a media playlist.
func parseVariant(b []byte, base *url.URL) (string, error) {
	if !strings.HasPrefix(string(b), "#EXTM3U") {
		return "", errPlaylist
	}
	variant := false
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#EXTINF:"), strings.HasPrefix(line, "#EXT-X-PART:"):
			return "", nil
		case strings.HasPrefix(line, "#EXT-X-STREAM-INF:"):
			variant = true
		case variant && line != "" && line[0] != '#':
			return resolve(base, line)
		}
	}
	if variant {
		return "", errPlaylist
	}
	return "", nil
}

// parseMedia reads the parts of a media playlist that have records. Signatures are not checked here, but that a record is
// that of the place where it stands: a true record of an old part must not pass for a new one's. Init is the init segment's URL
// where b is a delta playlist, which leaves that out.
func parseMedia(b []byte, base *url.URL, init string) (media, error) {
	if !strings.HasPrefix(string(b), "#EXTM3U") {
		return media{}, errPlaylist
	}
	var (
		m      = media{init: init}
		uri    string    // of the line before
		mapped bool      // that was an EXT-X-MAP
		clock  time.Time // PROGRAM-DATE-TIME of the next part
		begin  time.Time // of the segment
	)
	for line := range strings.Lines(string(b)) {
		tag, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		was := uri
		uri = ""
		switch {
		case tag == "#EXT-X-MEDIA-SEQUENCE":
			n, err := strconv.ParseUint(value, 10, 63)
			if err != nil {
				return m, errPlaylist
			}
			m.msn = n
		case tag == "#EXT-X-SKIP":
			n, err := strconv.ParseUint(attribute(value, "SKIPPED-SEGMENTS"), 10, 31)
			if err != nil {
				return m, errPlaylist
			}
			m.msn += n
		case tag == "#EXT-X-SERVER-CONTROL":
			m.skips = attribute(value, "CAN-SKIP-UNTIL") != ""
			m.holdBack = seconds(attribute(value, "PART-HOLD-BACK"))
		case tag == "#EXT-X-MAP":
			at, err := resolve(base, attribute(value, "URI"))
			if err != nil {
				return m, err
			}
			uri, m.init, mapped = at, at, true
		case tag == "#EXT-X-PROGRAM-DATE-TIME":
			if t, err := parseTime(value); err == nil {
				clock, begin = t, t
			}
		case tag == "#EXT-X-PART":
			at, err := resolve(base, attribute(value, "URI"))
			if err != nil {
				return m, err
			}
			m.next++
			if attribute(value, "GAP") == "YES" {
				if !clock.IsZero() {
					clock = clock.Add(seconds(attribute(value, "DURATION")))
				}
				continue
			}
			uri, mapped = at, false
			m.listed++
		case tag+":" == wire.RecordTag && was != "":
			r, err := parseRecord(value)
			if err != nil {
				return m, err
			}
			if !m.places(r.ID, mapped) {
				m.misplaced++
				continue
			}
			p := part{record: r, url: was}
			if r.ID.Kind != wire.Init {
				p.init, p.at = m.init, clock
				if !clock.IsZero() {
					clock = clock.Add(time.Duration(r.Duration) * time.Microsecond)
				}
			}
			m.parts = append(m.parts, p)
		case tag == "#EXTINF":
			if !begin.IsZero() {
				length, _, _ := strings.Cut(value, ",")
				begin = begin.Add(seconds(length))
				clock = begin
			}
			m.msn++
			m.next = 0
		case tag == "#EXT-X-PRELOAD-HINT" && attribute(value, "TYPE") == "PART":
			m.hint, _ = resolve(base, attribute(value, "URI")) // a help, no more
		case tag == "#EXT-X-ENDLIST":
			m.ended = true
		}
	}
	return m, nil
}

// has tells whether what stands at a place is listed.
func (m *media) has(p place) bool { return p.msn < m.msn || p.msn == m.msn && p.part < m.next }

// length is how long a part plays; nothing for an init segment.
func (p *part) length() scheduler.Time {
	if p.record.ID.Kind == wire.Init {
		return 0
	}
	return scheduler.Time(p.record.Duration)
}

// places tells whether a chunk is the one that the line just read tells of: an init segment, or the newest part.
func (m *media) places(id wire.ChunkID, mapped bool) bool {
	if mapped {
		return id.Kind == wire.Init
	}
	return id.Kind == wire.Part && id.MSN == m.msn && int(id.Part) == m.next-1
}

func parseRecord(text string) (wire.Record, error) {
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return wire.Record{}, errPlaylist
	}
	return wire.ParseRecord(b)
}

// attribute returns the value of one attribute of an attribute list, without quotes; "" if it is not there.
func attribute(list, name string) string {
	for list != "" {
		key, rest, ok := strings.Cut(list, "=")
		if !ok {
			return ""
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			value, rest, _ = strings.Cut(rest[1:], `"`)
			rest = strings.TrimPrefix(rest, ",")
		} else {
			value, rest, _ = strings.Cut(rest, ",")
		}
		if strings.TrimSpace(key) == name {
			return value
		}
		list = rest
	}
	return ""
}

func seconds(text string) time.Duration {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f > 0 && f < 3600) {
		return 0
	}
	return time.Duration(f * float64(time.Second))
}

func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05.999999999-0700", text)
	}
	return t, err
}

func resolve(base *url.URL, ref string) (string, error) {
	if ref == "" {
		return "", errPlaylist
	}
	u, err := base.Parse(ref)
	if err != nil {
		return "", errPlaylist
	}
	return u.String(), nil
}
