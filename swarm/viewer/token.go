package viewer

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// ErrToken means that the edge lets nobody watch this stream without a viewer token that is good for it.
var ErrToken = errors.New("viewer: not let in")

// SplitToken takes the viewer token out of a link that carries one, /watch/NAME#token=TOKEN or …?token=TOKEN; empty: it has none.
func SplitToken(link string) (plain, token string) {
	u, err := url.Parse(link)
	if err != nil {
		return link, ""
	}
	for _, part := range []*string{&u.RawQuery, &u.Fragment} {
		var rest []string
		for pair := range strings.SplitSeq(*part, "&") {
			if value, ok := strings.CutPrefix(pair, "token="); ok {
				token = value
			} else if pair != "" {
				rest = append(rest, pair)
			}
		}
		*part = strings.Join(rest, "&")
	}
	return u.String(), token
}

// bearer sends a viewer token with what is asked of the stream's server, and of no other.
type bearer struct {
	token, host string
	next        http.RoundTripper
}

// withToken returns a client like h that sends the token to a host.
func withToken(h *http.Client, token, host string) *http.Client {
	with := *h
	next := h.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	with.Transport = bearer{token, host, next}
	return &with
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != b.host {
		return b.next.RoundTrip(r)
	}
	with := *r
	with.Header = r.Header.Clone()
	with.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(&with)
}

// inShort is why a tracker refused a viewer, in the log. To one without a token it tells how programs send one, which is not to do for who started
// these viewers: the whole of it is in reports.
func (c *Config) inShort(why string) string {
	if c.Token == "" && strings.HasPrefix(why, "401 ") {
		why, _, _ = strings.Cut(why, ": offer ")
	}
	return why
}
