package ops

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	patience   = 2 * time.Second // that a service has for all it is asked at one time
	mostAnswer = 16 << 20        // bytes of one answer
)

// service is one admin listener that is asked.
type service struct {
	name    string            // static; HOST:PORT, empty for this process
	by      http.RoundTripper // static
	is      []string          // guarded by Board.mu: what it said to be when it last answered
	sent    float64           // likewise: bytes to viewers that it told last,
	sentAt  time.Time         // and when
	streams word              // likewise: of its streams
}

// answers is what one service told at one time.
type answers struct {
	self     *Self           // nil: it did not answer
	why      string          // it did not
	streams  json.RawMessage // an origin's, or those that an edge has from there; nil: it did not tell
	swarms   json.RawMessage // a tracker's; nil likewise
	controls json.RawMessage // a tracker's; nil likewise
}

// A refusal is an answer that is not 200.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

// ask makes one request.
func (s *service) ask(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	host := s.name
	if host == "" {
		host = "localhost"
	}
	return ask(ctx, s.by, method, "http://"+host+path, body)
}

// ask makes one request of whoever is at a URL, for JSON.
func ask(ctx context.Context, by http.RoundTripper, method, url string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := by.RoundTrip(r)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, fmt.Errorf("no answer within %v", patience)
		}
		return nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, refusal{answer.StatusCode, strings.TrimSpace(string(b[:min(len(b), 500)]))}
	}
	if !json.Valid(b) {
		return nil, errors.New("what it answers is no JSON: is it the admin listener of a service?")
	}
	return b, nil
}

// all asks for everything that the board wants to know of a service.
func (s *service) all(ctx context.Context) (a answers) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	b, err := s.ask(ctx, http.MethodGet, "/api/v1/service", nil)
	var self Self
	if err == nil {
		err = json.Unmarshal(b, &self)
	}
	if refused, ok := errors.AsType[refusal](err); ok {
		a.why = fmt.Sprintf("answers %d: is it the admin listener of a service of this version?", refused.status)
		if refused.status == http.StatusMisdirectedRequest { // it says itself what to do
			a.why = refused.text
		}
		return a
	}
	if err != nil {
		a.why = err.Error()
		return a
	}
	a.self = &self
	if slices.Contains(self.Is, "origin") || slices.Contains(self.Is, "edge") {
		a.streams = s.part(ctx, "/api/v1/streams", "streams")
	}
	if slices.Contains(self.Is, "tracker") {
		a.swarms = s.part(ctx, "/api/v1/swarm", "streams")
		if b, err := s.ask(ctx, http.MethodGet, "/api/v1/control", nil); err == nil {
			a.controls = b
		}
	}
	return a
}

// part returns one field of what is at a path, nil if it is not there.
func (s *service) part(ctx context.Context, path, name string) json.RawMessage {
	b, err := s.ask(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil
	}
	return field(b, name)
}

// field returns one field of an object, nil if it is not there.
func field(text []byte, name string) json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(text, &all) != nil {
		return nil
	}
	return all[name]
}
