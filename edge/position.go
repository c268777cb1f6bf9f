package edge

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// position is how far a media playlist reaches. The edge reads it from the playlists that pass through, so that it
// can tell which blocking reloads are worth holding without asking: without it every number a viewer makes up would
// be a request to the origin.
type position struct {
	from    int64         // of a delta: MSN of the first segment that it does not leave out; 0: it is none
	last    int64         // MSN of the last whole segment, one less than the first if there is none
	whole   int           // parts of that segment; 0 if they are not listed
	parts   int           // parts listed after it: they belong to segment last+1
	most    int           // parts a segment can have; 0: the stream has none
	target  time.Duration // of a segment, a minute at most
	length  time.Duration // of all segments in it
	step    time.Duration // of a part, in the mean of the last whole segment where its parts are listed; 0: the stream has none
	hint    string        // URI of the part that comes next; empty if it does not tell
	ended   bool          // nothing will follow
	present bool          // false: not a media playlist
}

// aheadLimit is how many segments past the last one a reload may name (RFC 8216bis 6.2.5.2).
const aheadLimit = 2

// has tells whether the playlist already answers r.
func (p position) has(r reload) bool {
	if r.msn <= p.last || p.ended {
		return true
	}
	return r.msn == p.last+1 && r.part >= 0 && r.part < p.parts
}

// ahead tells whether r asks for more than the origin would hold a request for.
func (p position) ahead(r reload) bool {
	newest := p.last
	if p.parts > 0 {
		newest++
	}
	return r.msn > newest+aheadLimit
}

// further tells whether p reaches further than q.
func (p position) further(q position) bool {
	return p.last > q.last || p.last == q.last && p.parts > q.parts
}

// settles tells whether r can be answered without asking the origin, if the position is true still.
func (p position) settles(r reload) bool {
	r = p.settle(r)
	return p.has(r) || p.ahead(r)
}

// settle writes r in its one form: a part past the last one a segment can have is part 0 of the next segment
// (RFC 8216bis 6.2.5.2), and a stream without parts has no part to wait for.
func (p position) settle(r reload) reload {
	switch {
	case r.part >= 0 && p.most == 0:
		r.part = -1
	case r.part >= p.most && p.most > 0, r.msn == p.last && r.part >= p.whole && p.whole > 0:
		r.msn, r.part = r.msn+1, 0
	}
	return r
}

// hold is how long a reload is held: three target durations.
func (p position) hold() time.Duration {
	if p.target <= 0 {
		return livePatience
	}
	return 3 * p.target
}

// next returns what comes before r can be answered, or r itself: the part that follows, or the segment where r names no part.
func (p position) next(r reload) reload {
	r.msn = p.last + 1
	if r.part >= 0 {
		r.part = p.parts
	}
	return p.settle(r)
}

// readPosition reads a playlist's position. Of a playlist that makes no sense nothing is present.
func readPosition(playlist []byte) position {
	var (
		first, skipped, whole int64
		p                     position
		longest, part, listed float64
		long                  float64 // the last segment
	)
	if !bytes.HasPrefix(playlist, []byte("#EXTM3U")) {
		return position{}
	}
	for len(playlist) > 0 {
		var line []byte
		line, playlist, _ = bytes.Cut(playlist, []byte("\n"))
		line = bytes.TrimRight(line, "\r ")
		if len(line) == 0 {
			continue
		}
		if line[0] != '#' {
			whole++
			if p.whole, p.parts = p.parts, 0; p.whole > 0 {
				p.step = time.Duration(min(long, 60) / float64(p.whole) * float64(time.Second))
			}
			continue
		}
		tag, value, _ := bytes.Cut(line, []byte(":"))
		switch string(tag) {
		case "#EXT-X-PART":
			p.parts++
		case "#EXT-X-MEDIA-SEQUENCE":
			first = integer(value)
		case "#EXT-X-SKIP":
			skipped = integer(attribute(value, "SKIPPED-SEGMENTS"))
		case "#EXT-X-TARGETDURATION":
			longest, p.present = number(value), true
		case "#EXTINF":
			length, _, _ := bytes.Cut(value, []byte(","))
			long = number(length)
			listed += long
		case "#EXT-X-PRELOAD-HINT":
			if string(attribute(value, "TYPE")) == "PART" {
				p.hint = string(bytes.Trim(attribute(value, "URI"), `"`))
			}
		case "#EXT-X-PART-INF":
			part = number(attribute(value, "PART-TARGET"))
		case "#EXT-X-ENDLIST":
			p.ended = true
		}
	}
	if !p.present || first < 0 || first > maxMSN || skipped < 0 || skipped > maxMSN {
		return position{}
	}
	p.last = first + skipped + whole - 1
	if skipped > 0 {
		p.from = first + skipped
	}
	p.target = time.Duration(min(longest, 60) * float64(time.Second))
	p.length = time.Duration(min(listed, 3600)*float64(time.Second)) + time.Duration(min(skipped, 3600))*p.target
	if part > 0 {
		if p.step == 0 {
			p.step = time.Duration(min(part, 60) * float64(time.Second))
		}
		// Each part but the last has at least 85 % of the part target; a segment is rounded to the target duration.
		p.most = int(min(math.Ceil((longest+0.5)/(0.85*part))+1, maxPart))
	}
	return p
}

// useful is how long after it came the playlist is of use while no newer one is to be had: a viewer plays what it lists.
func (p position) useful() time.Duration { return max(leastUseful, min(p.length, mostUseful)) }

func integer(b []byte) int64 {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func number(b []byte) float64 {
	x, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

// attribute returns an unquoted attribute's value from an attribute list.
func attribute(list []byte, name string) []byte {
	for len(list) > 0 {
		var pair []byte
		pair, list, _ = bytes.Cut(list, []byte(","))
		key, value, _ := bytes.Cut(pair, []byte("="))
		if string(bytes.TrimSpace(key)) == name {
			return value
		}
	}
	return nil
}
