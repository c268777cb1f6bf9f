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
	leastUseful   = 30 * time.Second       // since it came: a playlist while the origin fails, longer if it lists more
	mostUseful    = time.Minute            // likewise; and what else is no media
	apiUseful     = 10 * time.Second       // likewise, what is live and who watches
)

const immutable = "public, max-age=31536000, immutable"

// lifetime returns how long an answer may be kept, and what viewers are told of it. Strict is one that must not be used once it is
// stale, whatever becomes of the origin.
func lifetime(t target, resp *http.Response, now time.Time) (life time.Duration, strict bool, control string) {
	control = strings.Join(resp.Header.Values("Cache-Control"), ", ") // several lines are one list (RFC 9110 5.3)
	said := readControl(control)
	if !said.given {
		if at, ok := expires(resp.Header, now); ok { // counts where no max-age does (RFC 9111 5.3)
			said.life, said.given = at, true
			control = strings.TrimPrefix(control+", max-age="+seconds(at), ", ")
		}
	}
	life, strict = said.life, said.strict
	switch {
	case resp.StatusCode == http.StatusNotFound:
		if !said.given || life > errorLife {
			life, control = errorLife, "public, max-age=1"
		}
	case resp.StatusCode >= 500:
		return brokenLife, strict, "no-store"
	case resp.StatusCode != http.StatusOK:
		return 0, strict, "no-store"
	case said.given:
	case t.kind == media:
		life, control = immutableLife, immutable
	case t.reload.held:
		life, control = reloadLife, "public, max-age="+strconv.Itoa(int(reloadLife/time.Second))
	default:
		life, control = plainLife, "public, max-age=1"
	}
	if strings.Contains(strings.Join(resp.Header.Values("Vary"), ","), "*") {
		life = 0 // it answers no other request (RFC 9111 4.1). What else it may vary by is in no request of an edge, so all are alike
	}
	return life, strict, control
}

// control is a Cache-Control header as a shared cache reads it.
type control struct {
	life   time.Duration
	given  bool // it says how long
	strict bool // stale, it must not be used (RFC 9111 4.2.4)
}

// readControl reads a Cache-Control header. What forbids to keep the answer goes before what says how long. Of a directive that comes twice the
// first counts, and a time that is no number is none (RFC 9111 4.2.1).
func readControl(header string) (c control) {
	var private, shared bool
	for directive := range strings.SplitSeq(strings.ToLower(header), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch name {
		case "no-store", "no-cache", "private": // with names of headers too: the whole answer is left alone then (5.2.2.4, 5.2.2.7)
			private = true
		case "must-revalidate", "proxy-revalidate":
			c.strict = true
		case "s-maxage":
			if !shared {
				c.life, c.given, c.strict, shared = deltaSeconds(value), true, true, true // as proxy-revalidate, 5.2.2.10
			}
		case "max-age":
			if !c.given {
				c.life, c.given = deltaSeconds(value), true
			}
		}
	}
	if private {
		return control{given: true, strict: true}
	}
	return c
}

// deltaSeconds reads a time. One too large to be read is as large as can be (RFC 9111 1.2.2), one that is no number none.
func deltaSeconds(text string) time.Duration {
	text = strings.Trim(text, `"`)
	if text == "" || !digits(text) {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return immutableLife
	}
	return min(time.Duration(n)*time.Second, immutableLife)
}

// expires reads for how long an answer is good by its dates. One that cannot be read has expired (RFC 9111 5.3).
func expires(h http.Header, now time.Time) (life time.Duration, said bool) {
	text := h.Get("Expires")
	if text == "" {
		return 0, false
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0, true
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date // both by the origin's clock
	}
	return min(max(0, until.Sub(now)), immutableLife), true
}

// birth returns when an answer was made that came just now to a request of a moment ago: it aged on its way, and one of another cache, which says its
// age, before that (RFC 9111 4.2.3). One that was held was on its way for as long as it was not there: that is no age. Nor has an error any that comes
// late, but for what another cache says: it is for the edge to say how long it is kept. Dates are not compared, for clocks differ.
func birth(t target, resp *http.Response, asked, now time.Time) time.Time {
	said, _, _ := strings.Cut(resp.Header.Get("Age"), ",") // of several the first counts (RFC 9111 5.1)
	said = strings.TrimSpace(said)
	known := said != "" && digits(said)
	if !t.reload.held && (known || resp.StatusCode == http.StatusOK) {
		now = asked
	}
	if !known {
		return now
	}
	return now.Add(-deltaSeconds(said))
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
