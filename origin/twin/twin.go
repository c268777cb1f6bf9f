// Package twin lets two origins that take the same broadcasts stand in for one another.
//
// Each asks the other, twice a second, what it has (GET /api/v1/streams), and tells its own streams, which stay ahead in numbering
// while the other one is the one that edges ask; package stream has the rules. Nothing is told to the other, no media and no
// key pass between them, and each works alone when the other is gone: then the last that was heard holds.
//
// Both need the same publish keys, and the same seed for the keys that sign chunk records, or viewers would refuse what comes from
// the other.
package twin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/shoal-live/shoal/origin/stream"
)

const (
	pause    = 500 * time.Millisecond // between two questions; a segment lasts a second at least
	patience = 2 * time.Second
	maxList  = 8 << 20 // bytes of an answer
	maxMSN   = 1 << 52 // edges take numbers up to twice this
	maxSplit = 1 << 31 // discontinuities; records have 32 bits for them
)

// ErrURL says that an address cannot be an origin's.
var ErrURL = errors.New("twin: want the base URL of the other origin, like http://HOST:8081")

// Config is what a Twin needs. All fields are, but for Transport.
type Config struct {
	URL       string // of the other origin
	Instance  string // what this origin calls itself in its own list
	Streams   *stream.Streams
	Transport http.RoundTripper // default http.DefaultTransport
	Log       *slog.Logger
}

// Twin is the other origin, as seen from here.
type Twin struct {
	config Config
	client http.Client
	heard  bool
}

// New returns a twin that is asked nothing until Run.
func New(config Config) (*Twin, error) {
	u, err := url.Parse(config.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" {
		return nil, fmt.Errorf("%w; not %q", ErrURL, config.URL)
	}
	return &Twin{config: config, client: http.Client{Timeout: patience, Transport: config.Transport}}, nil
}

// Run asks until ctx is done.
func (t *Twin) Run(ctx context.Context) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		err := t.ask(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && t.heard:
			t.config.Log.Warn("the origin beside this one does not answer", "error", err)
		case err == nil && !t.heard:
			t.config.Log.Info("the origin beside this one answers", "url", t.config.URL)
		}
		t.heard = err == nil
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// list is what of the other's list matters.
type list struct {
	Instance string `json:"instance"`
	Streams  []struct {
		Name          string `json:"name"`
		Epoch         uint32 `json:"epoch"`
		NextMSN       uint64 `json:"nextMsn"`
		Discontinuity uint64 `json:"discontinuity"`
		Asked         bool   `json:"asked"`
	} `json:"streams"`
}

func (t *Twin) ask(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.config.URL+"/api/v1/streams", nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "shoal-origin")
	resp, err := t.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("twin: %s answers %s", t.config.URL, resp.Status)
	}
	l, err := parse(io.LimitReader(resp.Body, maxList))
	if err != nil {
		return err
	}
	t.tell(l)
	return nil
}

func parse(r io.Reader) (l list, err error) {
	if err := json.NewDecoder(r).Decode(&l); err != nil {
		return list{}, fmt.Errorf("twin: no list of streams: %w", err)
	}
	return l, nil
}

// tell tells our streams of theirs.
func (t *Twin) tell(l list) {
	if l.Instance == t.config.Instance { // it is ourselves
		return
	}
	for _, s := range l.Streams {
		if s.Epoch == math.MaxUint32 || s.NextMSN > maxMSN || s.Discontinuity > maxSplit {
			continue // nothing is ahead of these
		}
		if st := t.config.Streams.Get(s.Name); st != nil {
			st.Beside(stream.Twin{
				Epoch: s.Epoch, Next: s.NextMSN, Discontinuity: s.Discontinuity,
				Leads: s.Asked || l.Instance < t.config.Instance,
			})
		}
	}
}
