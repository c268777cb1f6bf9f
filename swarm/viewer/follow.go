package viewer

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Patience with an edge that does not answer well.
const (
	retryFirst = 250 * time.Millisecond
	retryMost  = 3 * time.Second
)

// follower follows a stream's playlist. It runs on its own goroutine and gives the session what is new, verified.
type follower struct {
	http     *http.Client
	url      string
	key      ed25519.PublicKey
	requests *atomic.Uint64
	refused  *atomic.Uint64 // records with a bad signature, or at a place that is not theirs
	tell     func(update)

	seen map[wire.ChunkID]bool // signature checked, told
}

// update is what a playlist brought: parts never told before, in their order.
type update struct {
	parts    []part
	holdBack time.Duration
	ended    bool
}

// run follows the playlist until it ends or ctx does.
func (f *follower) run(ctx context.Context) error {
	f.seen = make(map[wire.ChunkID]bool)
	media, err := f.variant(ctx)
	if err != nil {
		return err
	}
	query := ""
	for pause := retryFirst; ; {
		m, fresh, err := f.reload(ctx, media, query)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errNoRecords):
			return err
		case err != nil || fresh == 0 && !m.ended:
			// Without the blocking query: whatever the edge has is the best there is.
			query = ""
			if !sleep(ctx, pause) {
				return nil
			}
			pause = min(2*pause, retryMost)
			if err != nil {
				continue
			}
		default:
			pause = retryFirst
		}
		if m.ended {
			return nil
		}
		query = fmt.Sprintf("_HLS_msn=%d&_HLS_part=%d", m.msn, m.next)
	}
}

// variant returns the URL of the media playlist. It is patient with an edge that is not there, not with one that says
// that there is no such stream.
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
		if errors.As(err, &status) && status.code == http.StatusNotFound {
			return nil, fmt.Errorf("viewer: %w", err)
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
	return get(ctx, f.http, at.String(), "", maxPlaylist)
}

// reload gets the playlist once and tells what is new in it.
func (f *follower) reload(ctx context.Context, at *url.URL, query string) (media, int, error) {
	u := *at
	u.RawQuery = query
	b, err := f.get(ctx, &u)
	if err != nil {
		return media{}, 0, err
	}
	m, err := parseMedia(b, at)
	if err != nil {
		return m, 0, err
	}
	f.refused.Add(uint64(m.misplaced))
	if len(m.parts) == 0 && m.listed > 0 && m.misplaced == 0 {
		return m, 0, errNoRecords
	}
	up := update{holdBack: m.holdBack, ended: m.ended}
	listed := make(map[wire.ChunkID]bool, len(m.parts))
	for _, p := range m.parts {
		listed[p.record.ID] = true
		if f.seen[p.record.ID] {
			continue
		}
		if !ed25519.Verify(f.key, p.record.SignedBytes(), p.record.Signature[:]) {
			f.refused.Add(1)
			continue
		}
		up.parts = append(up.parts, p)
	}
	f.seen = listed
	if len(up.parts) > 0 || up.ended {
		f.tell(up)
	}
	return m, len(up.parts), nil
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
