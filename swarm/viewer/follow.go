package viewer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/headcount"
)

// Patience with an edge that does not answer well.
const (
	retryFirst = 250 * time.Millisecond
	retryMost  = 3 * time.Second
)

// follower loads a stream's playlist on its own goroutine and tells the session what it says. Without P2P it follows it
// by blocking reloads for ever; with P2P it does so until there is media, and then loads once whenever it is asked.
type follower struct {
	http     *http.Client
	url      string
	requests *atomic.Uint64
	tell     func(update)
	asks     chan place  // for what a reload waits; nil: follow for ever
	member   atomic.Bool // of a swarm: a tracker counts this viewer

	init  string // URL of the newest init segment, which a delta playlist does not name
	skips bool   // delta playlists may be asked for: what they leave out is known
}

// update is what came of loading the playlist once.
type update struct {
	media
	ok    bool // it was there, and had what was waited for
	waits bool // the follower does nothing more until it is asked
}

// run follows the playlist until it ends or ctx does.
func (f *follower) run(ctx context.Context) error {
	media, err := f.variant(ctx)
	if err != nil {
		return err
	}
	var want place
	for pause, blocking, begun := retryFirst, false, false; ; {
		u := *media
		if blocking {
			u.RawQuery = fmt.Sprintf("_HLS_msn=%d&_HLS_part=%d", want.msn, want.part)
			if f.skips {
				u.RawQuery += "&_HLS_skip=YES"
			}
		}
		m, err := f.load(ctx, &u, media)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errNoRecords):
			return err
		case notLetIn(err):
			return fmt.Errorf("%w: %w", ErrToken, err)
		}
		begun = begun || len(m.parts) > 0
		waits := f.asks != nil && begun
		ok := err == nil && (m.has(want) || m.ended || !blocking && waits)
		f.tell(update{m, ok, waits})
		if m.ended {
			return nil
		}
		if blocking = ok; ok {
			pause = retryFirst
		} else {
			// Without the blocking query: whatever the edge has is the best there is.
			if !sleep(ctx, pause) {
				return nil
			}
			pause = min(2*pause, retryMost)
		}
		switch {
		case waits:
			select {
			case want = <-f.asks:
			case <-ctx.Done():
				return nil
			}
			blocking = blocking && want != (place{})
		case err == nil:
			want = place{m.msn, m.next}
		}
	}
}

// variant returns the URL of the media playlist. It is patient with an edge that is not there, not with one that says
// that there is no such stream, or that this viewer may not watch it.
func (f *follower) variant(ctx context.Context) (*url.URL, error) {
	base, err := url.Parse(f.url)
	if err != nil {
		return nil, err
	}
	for pause := retryFirst; ; pause = min(2*pause, retryMost) {
		b, err := f.get(ctx, base)
		if err == nil {
			at, err := parseVariant(b, base)
			if err != nil || at == "" {
				return base, err
			}
			return url.Parse(at)
		}
		var status *statusError
		switch {
		case errors.As(err, &status) && status.code == http.StatusNotFound:
			return nil, fmt.Errorf("viewer: %w", err)
		case notLetIn(err):
			return nil, fmt.Errorf("%w: %w", ErrToken, err)
		}
		if !sleep(ctx, pause) {
			return base, nil
		}
	}
}

func (f *follower) get(ctx context.Context, at *url.URL) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, playlistTimeout)
	defer cancel()
	f.requests.Add(1)
	accept := ""
	if f.member.Load() {
		accept = headcount.Member
	}
	return get(ctx, f.http, at.String(), accept, maxPlaylist)
}

// load gets the playlist once.
func (f *follower) load(ctx context.Context, at, base *url.URL) (media, error) {
	b, err := f.get(ctx, at)
	if err != nil {
		return media{}, err
	}
	m, err := parseMedia(b, base, f.init)
	if err == nil {
		f.init, f.skips = m.init, m.skips && m.init != ""
	}
	if err == nil && len(m.parts) == 0 && m.listed > 0 && m.misplaced == 0 {
		err = errNoRecords
	}
	return m, err
}

// sleep waits; false means that ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
