package edge

import (
	"errors"
	"strconv"
	"strings"
)

// Why a request is refused before anything is asked upstream.
var (
	errPath   = errors.New("edge: no such path")
	errReload = errors.New("edge: bad playlist reload")
)

// kind is what a target is; it decides how long it lives and how it is answered.
type kind uint8

const (
	multivariant  kind = iota // /live/NAME/index.m3u8
	mediaPlaylist             // /live/NAME/vN/index.m3u8
	media                     // /live/NAME/vN/EPOCH/FILE
	recording                 // /live/NAME/recordings/ID/index.m3u8, /live/NAME/recordings/ID/vN/index.m3u8
	picture                   // /live/NAME/thumb.jpg, /live/NAME/recordings/ID/thumb.jpg
	api                       // /api/v1/…
)

// text tells whether it is small and answered in one go, as all are but media.
func (k kind) text() bool { return k != media }

// Bounds of numbers in paths and queries.
const (
	maxRendition = 255
	maxEpoch     = 1<<32 - 1
	maxMSN       = 1 << 53
	maxPart      = 1<<16 - 1
)

// target is one thing that can be asked of an origin. Its URI is built by the edge from what the grammar allows and
// from nothing else; there is one way to write each target, so the URI serves as the cache key too.
type target struct {
	kind   kind
	stream string // empty: of no single stream
	path   string
	reload reload // zero but for a mediaPlaylist
	chain  string // of edges that ask for it, no part of what it is: see circle.go
}

// reload holds a playlist request's delivery directives.
type reload struct {
	held bool // _HLS_msn is present
	msn  int64
	part int // -1: without _HLS_part
	skip bool
}

// uri returns the target's request URI at the origin.
func (t target) uri() string {
	if !t.reload.held && !t.reload.skip {
		return t.path
	}
	return string(t.reload.append(append([]byte(t.path), '?')))
}

func (r reload) append(b []byte) []byte {
	if r.held {
		b = strconv.AppendInt(append(b, "_HLS_msn="...), r.msn, 10)
		if r.part >= 0 {
			b = strconv.AppendInt(append(b, "&_HLS_part="...), int64(r.part), 10)
		}
	}
	if r.skip {
		if r.held {
			b = append(b, '&')
		}
		b = append(b, "_HLS_skip=YES"...)
	}
	return b
}

// unheld returns the target that is answered at once: what is known of a playlist stands there. Who takes deltas and who
// does not are served from different ones.
func (t target) unheld() target {
	t.reload = reload{skip: t.reload.skip}
	return t
}

// file returns the last word of the path.
func (t target) file() string { return t.path[strings.LastIndexByte(t.path, '/')+1:] }

// part tells whether it is a part, which an origin holds until it is there.
func (t target) part() bool { return t.kind == media && strings.Count(t.file(), ".") == 2 }

// playlist returns the path of the playlist that media is listed in.
func (t target) playlist() string {
	epoch := strings.LastIndexByte(t.path[:strings.LastIndexByte(t.path, '/')], '/')
	return t.path[:epoch] + "/index.m3u8"
}

// parseLive reads a path under /live/. The grammar is closed: a path that is not one of
//
//	/live/NAME/index.m3u8    /live/NAME/vN/index.m3u8
//	/live/NAME/vN/EPOCH/initN.mp4    /live/NAME/vN/EPOCH/sMSN.m4s    /live/NAME/vN/EPOCH/sMSN.PART.m4s
//	/live/NAME/recordings/ID/index.m3u8    /live/NAME/recordings/ID/vN/index.m3u8
//	/live/NAME/thumb.jpg    /live/NAME/recordings/ID/thumb.jpg
//
// with every number in its shortest decimal form is errPath, so there is nothing to clean and nothing to climb out of.
func parseLive(path string) (target, error) {
	rest, ok := strings.CutPrefix(path, "/live/")
	name, rest, cut := strings.Cut(rest, "/")
	if !ok || !cut || !validName(name) {
		return target{}, errPath
	}
	t := target{stream: name, path: path}
	switch rest {
	case "index.m3u8":
		t.kind = multivariant
		return t, nil
	case "thumb.jpg":
		t.kind = picture
		return t, nil
	}
	rendition, rest, _ := strings.Cut(rest, "/")
	if rendition == "recordings" {
		t.kind = recording
		if id, file, _ := strings.Cut(rest, "/"); file == "thumb.jpg" && recordingID(id) {
			t.kind = picture
		} else if !recordingFile(rest) {
			return target{}, errPath
		}
		return t, nil
	}
	number, ok := strings.CutPrefix(rendition, "v")
	if !ok || !decimal(number, maxRendition) {
		return target{}, errPath
	}
	if rest == "index.m3u8" {
		t.kind = mediaPlaylist
		return t, nil
	}
	epoch, file, _ := strings.Cut(rest, "/")
	if !decimal(epoch, maxEpoch) || !mediaFile(file) {
		return target{}, errPath
	}
	t.kind = media
	return t, nil
}

// recordingFile tells whether a path names a playlist of a recording: ID is when it began, as 20260501T200000Z.
func recordingFile(path string) bool {
	id, rest, _ := strings.Cut(path, "/")
	rendition, file, deep := strings.Cut(rest, "/")
	if deep {
		number, ok := strings.CutPrefix(rendition, "v")
		if !ok || !decimal(number, maxRendition) {
			return false
		}
		rest = file
	}
	return rest == "index.m3u8" && recordingID(id)
}

// recordingID tells whether a word is the ID of a recording.
func recordingID(id string) bool {
	return len(id) == len("20060102T150405Z") && id[8] == 'T' && id[15] == 'Z' && digits(id[:8]) && digits(id[9:15])
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// mediaFile tells whether file names an init segment, a segment or a part.
func mediaFile(file string) bool {
	if number, ok := strings.CutSuffix(file, ".mp4"); ok {
		number, ok = strings.CutPrefix(number, "init")
		return ok && decimal(number, maxMSN)
	}
	number, suffix := strings.CutSuffix(file, ".m4s")
	number, prefix := strings.CutPrefix(number, "s")
	msn, part, parted := strings.Cut(number, ".")
	return suffix && prefix && decimal(msn, maxMSN) && (!parted || decimal(part, maxPart))
}

// openAPI is the one path under /api/v1/ with a dot in it: what describes the API.
const openAPI = "/api/v1/openapi.json"

// parseAPI reads a path under /api/v1/: one to four words of a name's letters.
func parseAPI(path string) (target, error) {
	if path == openAPI {
		return target{kind: api, path: path}, nil
	}
	rest, ok := strings.CutPrefix(path, "/api/v1/")
	words := strings.Split(rest, "/")
	if !ok || len(words) > 4 {
		return target{}, errPath
	}
	for _, word := range words {
		if !validName(word) {
			return target{}, errPath
		}
	}
	t := target{kind: api, path: path}
	if len(words) >= 2 && words[0] == "streams" {
		t.stream = words[1]
	}
	return t, nil
}

// parseReload reads the delivery directives from a raw query and drops everything else of it. Of a directive that comes
// twice the first counts. A part without an MSN is an error (RFC 8216bis 6.2.5.2), so is what is not a number.
func parseReload(query string) (reload, error) {
	r := reload{part: -1}
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		switch {
		case key == "_HLS_msn" && !r.held:
			if !decimal(value, maxMSN) {
				return reload{}, errReload
			}
			r.msn, _ = strconv.ParseInt(value, 10, 64)
			r.held = true
		case key == "_HLS_part" && r.part < 0:
			if !decimal(value, maxPart) {
				return reload{}, errReload
			}
			r.part, _ = strconv.Atoi(value)
		case key == "_HLS_skip" && (value == "YES" || value == "v2"): // v2 skips date ranges too: there are none
			r.skip = true
		}
	}
	if !r.held {
		if r.part >= 0 {
			return reload{}, errReload
		}
		r.part = 0
	}
	return r, nil
}

// validName tells whether s can name a stream.
func validName(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// decimal tells whether s is a number up to most in its shortest form.
func decimal(s string, most uint64) bool {
	if s == "" || len(s) > 1 && s[0] == '0' || s[0] < '0' || s[0] > '9' {
		return false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return err == nil && n <= most
}
