package viewer

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	playlistTimeout = 10 * time.Second // a blocking reload is held for up to three target durations
	maxPlaylist     = 16 << 20         // a day of segments of one second is 7 MB
)

// NewHTTP returns an HTTP client that many viewers can share.
func NewHTTP() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 1024,
		IdleConnTimeout:     30 * time.Second,
		ForceAttemptHTTP2:   true,
	}}
}

// ask asks the edge for an object, or for the span of it that is a Range, with an Accept unless that is empty. The answer is good, and the caller closes its body.
func ask(ctx context.Context, h *http.Client, at, span, accept string) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	want := http.StatusOK
	if span != "" {
		q.Header.Set("Range", span)
		want = http.StatusPartialContent
	}
	if accept != "" {
		q.Header.Set("Accept", accept)
	}
	a, err := h.Do(q)
	if err != nil {
		return nil, err
	}
	if a.StatusCode != want {
		why, _ := io.ReadAll(io.LimitReader(a.Body, 4<<10)) // to its end, so that the connection is used again
		a.Body.Close()
		return nil, &statusError{at, a.StatusCode, string(why)}
	}
	return a, nil
}

// get asks the edge for an object of at most limit bytes.
func get(ctx context.Context, h *http.Client, at, accept string, limit int64) ([]byte, error) {
	a, err := ask(ctx, h, at, "", accept)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	if n := a.ContentLength; n > limit {
		return nil, fmt.Errorf("%s: %d bytes, more than %d", at, n, limit)
	} else if n >= 0 {
		b := make([]byte, n)
		_, err := io.ReadFull(a.Body, b)
		return b, err
	}
	b, err := io.ReadAll(io.LimitReader(a.Body, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s: more than %d bytes", at, limit)
	}
	return b, err
}

type statusError struct {
	url  string
	code int
	why  string // what the edge says, its first words
}

func (e *statusError) Error() string {
	said := fmt.Sprintf("%s: %d %s", e.url, e.code, http.StatusText(e.code))
	if why, _, _ := strings.Cut(e.why, "\n"); why != "" && notLetIn(e) {
		said += ": " + why
	}
	return said
}

// notLetIn tells whether the edge wants a viewer token, or another one.
func notLetIn(err error) bool {
	var status *statusError
	return errors.As(err, &status) && (status.code == http.StatusUnauthorized || status.code == http.StatusForbidden)
}

// key returns the stream's public key: the configured one, or what the edge's API says.
func (v *Viewer) key(ctx context.Context) (ed25519.PublicKey, error) {
	if len(v.cfg.Key) == ed25519.PublicKeySize {
		return v.cfg.Key, nil
	}
	if len(v.cfg.Key) != 0 {
		return nil, fmt.Errorf("a public key has %d bytes, not %d", ed25519.PublicKeySize, len(v.cfg.Key))
	}
	u, err := url.Parse(v.cfg.URL)
	if err != nil {
		return nil, err
	}
	u.Path, u.RawQuery = "/api/v1/streams/"+v.name, ""
	b, err := get(ctx, v.cfg.HTTP, u.String(), "", maxPlaylist)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	var stream struct {
		PublicKey []byte `json:"publicKey"`
	}
	if err := json.Unmarshal(b, &stream); err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	if len(stream.PublicKey) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("public key of %d bytes in %s", len(stream.PublicKey), u)
	}
	return stream.PublicKey, nil
}
