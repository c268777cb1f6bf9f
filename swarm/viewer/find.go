package viewer

import (
	"context"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// ErrNoStream means that the server knows no stream of that name.
var ErrNoStream = errors.New("viewer: no such stream")

// ErrAway means that there is no server, or none that answers.
var ErrAway = errors.New("viewer: no server answers")

// findMost is how long Watch waits for a server that does not answer yet.
const findMost = 30 * time.Second

// find looks once for the stream before viewers come. It is patient with a server that is not up yet, and says so; not with one that
// says that there is no such stream.
func (v *Viewer) find(ctx context.Context) error {
	limit, cancel := context.WithTimeoutCause(ctx, findMost, fmt.Errorf("nobody answered for %v", findMost))
	defer cancel()
	for pause, waits := retryFirst, false; ; pause = min(2*pause, retryMost) {
		_, err := v.key(limit)
		if err == nil {
			return nil
		}
		var status *statusError
		var name *net.DNSError
		switch {
		case errors.As(err, &status) && status.code == http.StatusNotFound:
			at := v.home()
			return fmt.Errorf("%w as %s at %s: %s lists what is live", ErrNoStream, v.name, at, at)
		case errors.As(err, &status) && status.code < 500, errors.As(err, &name) && name.IsNotFound:
			return fmt.Errorf("viewer: stream %s: %w", v.name, err)
		}
		if !waits {
			waits = true
			v.cfg.Log.Warn("the server does not answer yet: waiting for it", "at", v.home(), "most", findMost, "error", err)
		}
		if !sleep(limit, pause) {
			if status == nil && ctx.Err() == nil {
				return fmt.Errorf("%w at %s, for %v: %w", ErrAway, v.home(), findMost, err)
			}
			return fmt.Errorf("viewer: stream %s: %w", v.name, err)
		}
	}
}

// home is the page that lists what is live.
func (v *Viewer) home() string {
	u, err := url.Parse(v.cfg.URL)
	if err != nil {
		return v.cfg.URL
	}
	return u.Scheme + "://" + u.Host + "/"
}

var (
	playerTag  = regexp.MustCompile(`<shoal-player\s[^>]*`)
	trackerSet = regexp.MustCompile(`\stracker="([^"]*)"`)
	offSet     = regexp.MustCompile(`\sp2p="off"`)
)

// pageTrackers returns the trackers that a watch page names, none if the URL is not that of such a page or it names none; off tells that its viewers
// are in no swarm.
func pageTrackers(ctx context.Context, h *http.Client, page string) (trackers []string, off bool) {
	at, err := url.Parse(page)
	if err != nil || !strings.HasPrefix(at.Path, "/watch/") {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, playlistTimeout)
	defer cancel()
	b, err := get(ctx, h, page, "", maxPlaylist)
	if err != nil {
		return nil, false
	}
	tag := playerTag.Find(b)
	if offSet.Match(tag) {
		return nil, true
	}
	set := trackerSet.FindSubmatch(tag)
	if set == nil {
		return nil, false
	}
	for one := range strings.SplitSeq(html.UnescapeString(string(set[1])), ",") {
		u, err := at.Parse(strings.TrimSpace(one))
		if err != nil || strings.TrimSpace(one) == "" {
			continue
		}
		u.Scheme, u.Fragment = strings.Replace(u.Scheme, "http", "ws", 1), ""
		if u.Host != "" && (u.Scheme == "ws" || u.Scheme == "wss") {
			trackers = append(trackers, u.String())
		}
	}
	return trackers, false
}

// once is what the viewers of one process have said: of many who meet the same, one says it. The zero value works.
type once struct {
	mu   sync.Mutex
	said map[string]bool // at most saidMost
}

// saidMost bounds what is remembered. More is not said.
const saidMost = 100

// warn logs a text, unless it was logged with the same of whom it tells.
func (o *once) warn(log *slog.Logger, text, whom string, more ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if key := text + "\x00" + whom; !o.said[key] && len(o.said) < saidMost {
		if o.said == nil {
			o.said = map[string]bool{}
		}
		o.said[key] = true
		log.Warn(text, more...)
	}
}
