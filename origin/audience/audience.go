package audience

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	holds      = time.Second            // an answer
	holdsNone  = 5 * time.Second        // that there was none
	patience   = 500 * time.Millisecond // for all trackers
	mostAnswer = 8 << 20                // bytes
)

// Figures is what is known of who watches a stream.
type Figures struct {
	Viewers int
	Offload float64 // share of media bytes that came from peers, last minute
	Copies  float64 // of each chunk that left the CDN, last minute
	Latency float64 // seconds behind live, mean of the viewers, last minute
	Off     bool    // the operator has turned its swarm off
	Outside int     // of the viewers, in no cell, because of the control

	Newcomers int // into cells, of late: edges may count them yet
}

// Audience is the viewers of all streams.
type Audience struct {
	// static
	urls   []string
	client *http.Client
	log    *slog.Logger

	mu    sync.Mutex // guards what follows, and held while the trackers are asked: the others wait for the same answer
	known map[string]Figures
	until time.Time
	fails bool
}

// New returns an audience at trackers whose figures are at urls.
func New(urls []string, transport http.RoundTripper, log *slog.Logger) (*Audience, error) {
	for _, text := range urls {
		if err := CheckURL(text); err != nil {
			return nil, err
		}
	}
	if transport == nil {
		transport = &http.Transport{DisableKeepAlives: true} // nothing then has to be closed
	}
	return &Audience{urls: urls, client: &http.Client{Transport: transport}, log: log}, nil
}

// CheckURL tells why a text is no URL of a tracker's figures, or nil.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("audience: want a tracker's figures, like http://HOST/api/v1/swarm")
	}
	return nil
}

// Of returns the figures of all streams that have viewers, or whose swarm is turned off, by name, or nil where they are not known.
func (a *Audience) Of(ctx context.Context) map[string]Figures {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Now().Before(a.until) {
		return a.known
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience) // others wait too
	defer cancel()
	known, err := a.ask(ctx)
	switch {
	case err != nil && !a.fails:
		a.log.Warn("a tracker does not tell of its viewers, so the API has none; -tracker-stats names the trackers", "error", err)
	case err == nil && a.fails:
		a.log.Info("the trackers tell of their viewers again")
	}
	a.known, a.fails, a.until = known, err != nil, time.Now().Add(holds)
	if a.fails {
		a.until = time.Now().Add(holdsNone)
	}
	return a.known
}

func (a *Audience) ask(ctx context.Context) (map[string]Figures, error) {
	parts := make([][]told, len(a.urls))
	group, ctx := errgroup.WithContext(ctx)
	for i, at := range a.urls {
		group.Go(func() (err error) {
			parts[i], err = a.askOne(ctx, at)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return add(parts), nil
}

// told is what a tracker tells of a stream.
type told struct {
	Name           string  `json:"name"`
	Viewers        int     `json:"viewers"`
	Outside        int     `json:"outside"`
	Newcomers      int     `json:"newcomers"` // 0: none, or an older tracker
	Offload        float64 `json:"offload"`
	Copies         float64 `json:"copies"`
	LatencySeconds float64 `json:"latencySeconds"`
	off            bool
}

func (a *Audience) askOne(ctx context.Context, at string) ([]told, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	resp, err := a.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", at, resp.StatusCode)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	list, err := parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	return list, nil
}

func parse(b []byte) ([]told, error) {
	var answer struct {
		Streams []told
		Off     []string
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		return nil, fmt.Errorf("these are no tracker's figures: %w", err)
	}
	for _, s := range answer.Streams {
		if s.Viewers < 0 || s.Viewers > 1e9 || s.Outside < 0 || s.Outside > s.Viewers || s.Newcomers < 0 || s.Newcomers > 1e9 {
			return nil, errors.New("these are no tracker's figures")
		}
	}
	for _, name := range answer.Off {
		answer.Streams = append(answer.Streams, told{Name: name, off: true})
	}
	return answer.Streams, nil
}

// add adds up what trackers tell. What is of a viewer in the mean counts as often as there are viewers; copies of a chunk add up.
func add(parts [][]told) map[string]Figures {
	all := map[string]Figures{}
	for _, part := range parts {
		for _, s := range part {
			sum := all[s.Name]
			viewers := sum.Viewers + s.Viewers
			mean := func(a, b float64) float64 {
				if viewers == 0 {
					return 0
				}
				return (a*float64(sum.Viewers) + b*float64(s.Viewers)) / float64(viewers)
			}
			all[s.Name] = Figures{
				Viewers: viewers, Offload: mean(sum.Offload, s.Offload), Copies: sum.Copies + s.Copies, Latency: mean(sum.Latency, s.LatencySeconds),
				Off:     sum.Off || s.off, // at one is at all, who tell each other
				Outside: sum.Outside + s.Outside, Newcomers: sum.Newcomers + s.Newcomers,
			}
		}
	}
	return all
}
