package edge

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// How long an answer may be used where the origin does not say, and the most where it does.
const (
	immutableLife = 365 * 24 * time.Hour
	reloadLife    = 2 * time.Second
	plainLife     = time.Second
	errorLife     = time.Second            // never longer, whatever the origin says
	brokenLife    = 250 * time.Millisecond // of failures: bounds what retries cost an origin that is coming back
	leastUseful   = 10 * time.Second       // since it came: a playlist while the origin fails, longer if it lists more
	mostUseful    = time.Minute            // likewise; and what else is no media
)

const immutable = "public, max-age=31536000, immutable"

// lifetime returns how long an answer may be kept, and what viewers are told of it.
func lifetime(t target, resp *http.Response) (time.Duration, string) {
	control := resp.Header.Get("Cache-Control")
	life, said := maxAge(control)
	switch {
	case resp.StatusCode == http.StatusNotFound:
		if !said || life > errorLife {
			life, control = errorLife, "public, max-age=1"
		}
		return life, control
	case resp.StatusCode >= 500:
		return brokenLife, "no-store"
	case resp.StatusCode != http.StatusOK:
		return 0, "no-store"
	case said:
		return life, control
	case t.kind == media:
		return immutableLife, immutable
	case t.reload.held:
		return reloadLife, "public, max-age=" + strconv.Itoa(int(reloadLife/time.Second))
	default:
		return plainLife, "public, max-age=1"
	}
}

// maxAge reads a Cache-Control header as a shared cache does.
func maxAge(control string) (life time.Duration, said bool) {
	shared := false
	for directive := range strings.SplitSeq(strings.ToLower(control), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch name {
		case "no-store", "no-cache", "private":
			return 0, true
		case "s-maxage", "max-age":
			n, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err != nil || shared && name == "max-age" {
				continue
			}
			life, said, shared = min(time.Duration(n)*time.Second, immutableLife), true, name == "s-maxage"
		}
	}
	return life, said
}

// age reads how old an answer was when it came, which is more than nothing behind another cache.
func age(h http.Header) time.Duration {
	n, err := strconv.ParseUint(h.Get("Age"), 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

func retryAfter(resp *http.Response) string {
	if n, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 16); err == nil {
		return strconv.FormatUint(n, 10)
	}
	if resp.StatusCode == http.StatusServiceUnavailable || resp.StatusCode == http.StatusTooManyRequests {
		return retryJitter()
	}
	return ""
}

// maxPieces bounds the hashes kept beside an object. Today's origins send 2.7 kB at most.
const maxPieces = 4 << 10

// pieceHashes returns the hashes of the pieces that the origin sent with media. To the edge they are a word to pass on.
func pieceHashes(t target, resp *http.Response) string {
	s := resp.Header.Get(wire.PiecesHeader)
	if t.kind != media || resp.StatusCode != http.StatusOK || len(s) > maxPieces || !plainTag(s) {
		return ""
	}
	return s
}

// contentType returns the origin's word for it, or what the grammar says.
func contentType(t target, resp *http.Response) string {
	if typ := resp.Header.Get("Content-Type"); typ != "" {
		if _, _, err := mime.ParseMediaType(typ); err == nil {
			return typ
		}
	}
	switch {
	case resp.StatusCode != http.StatusOK:
		return "text/plain; charset=utf-8"
	case t.kind == api:
		return "application/json"
	case t.kind == media:
		return "video/mp4"
	case t.kind == picture:
		return "image/jpeg"
	default:
		return "application/vnd.apple.mpegurl"
	}
}

// mediaTag makes an ETag of a name that is never reused.
func mediaTag(path string) string {
	words := strings.Split(path, "/")
	return strings.Join(words[len(words)-3:], "-")
}

// plainTag tells whether s can be sent on as it is.
func plainTag(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == '"' || s[i] == ',' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}
