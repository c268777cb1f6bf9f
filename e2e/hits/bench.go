//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// bench is all that runs, and what is known so far.
type bench struct {
	config
	origin  *origin
	servers []*server
	report  report
	cold    int // objects asked for so far that nobody had
}

func (b *bench) start(ctx context.Context) error {
	for name := range strings.SplitSeq(b.config.servers, ",") {
		s, err := startServer(ctx, b.config, name, b.origin.address)
		if err != nil {
			return err
		}
		b.servers = append(b.servers, s)
	}
	return nil
}

func (b *bench) stop() {
	for _, s := range b.servers {
		s.stop()
	}
}

// hit is a case of measureHits.
type hit struct {
	name   string
	uri    string
	body   func(*origin) []byte
	secure bool // by TLS
}

func (h hit) byTLS() hit {
	h.name, h.secure = h.name+" TLS", true
	return h
}

// asking is viewers, by TLS or without.
type asking interface {
	again(ctx context.Context, request []byte, for_ time.Duration) (answers int, err error)
	leave()
}

func (b *bench) gather(s *server, h hit) (asking, error) {
	if h.secure {
		return gatherSecure(s.secure, b.viewers)
	}
	return gather(s.address, b.viewers, !b.discard)
}

func mediaHit(name string, msn int) hit {
	return hit{name: name, uri: fmt.Sprintf("%ss%d.m4s", epochPath, msn), body: func(o *origin) []byte { return o.media(msn) }}
}

var hits = []hit{
	listHit,
	mediaHit("83 kB", partSize/1000),
	mediaHit("250 kB", 250),
	mediaHit("1 MB", 1000),
	listHit.byTLS(),
	mediaHit("250 kB", 250).byTLS(),
}

var listHit = hit{name: "playlist 2 kB", uri: listPath, body: func(o *origin) []byte { return o.list }}

// measureHits measures answers from memory.
func (b *bench) measureHits(ctx context.Context) error {
	wanted := strings.Split(b.cases, ",")
	for _, h := range hits {
		if b.cases != "" && !slices.Contains(wanted, h.name) {
			continue
		}
		if h.secure && !b.secure() {
			continue
		}
		if err := b.measure(ctx, h); err != nil {
			return fmt.Errorf("%s: %w", h.name, err)
		}
	}
	return nil
}

// secure tells whether the edge speaks TLS, if it is among the servers.
func (b *bench) secure() bool {
	for _, s := range b.servers {
		if s.name == "shoal" {
			return s.secure != ""
		}
	}
	return true
}

func (b *bench) measure(ctx context.Context, h hit) error {
	took := map[string][]float64{}
	crowds := map[*server]asking{}
	for _, s := range b.servers {
		if h.secure && s.secure == "" {
			continue
		}
		if err := compare(s, h.uri, h.body(b.origin)); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		w, err := b.gather(s, h)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		defer w.leave()
		crowds[s] = w
		if _, err := w.again(ctx, s.request(h.uri), b.turn/2); err != nil { // windows of TCP open
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for range b.rounds {
		for _, s := range b.servers {
			if crowds[s] == nil {
				continue
			}
			rate, err := b.turnOf(ctx, s, crowds[s], h)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			took[s.name] = append(took[s.name], rate)
		}
	}
	b.report.addCase(h.name, took)
	return nil
}

// mostTurns bounds how long a turn is on a machine that leaves a server hardly any time.
const mostTurns = 20

// turnOf returns how many requests a second of the processor a server answers.
func (b *bench) turnOf(ctx context.Context, s *server, w asking, h hit) (float64, error) {
	before, err := s.FamilyTime()
	if err != nil {
		return 0, err
	}
	answers, used := 0, time.Duration(0)
	for turns := 0; used < b.turn/4; turns++ { // else the kernel's count is too coarse
		if turns == mostTurns {
			return 0, fmt.Errorf("in %d turns it had %v of the processor; -turn must be longer", turns, used)
		}
		n, err := w.again(ctx, s.request(h.uri), b.turn)
		if err != nil {
			return 0, err
		}
		after, err := s.FamilyTime()
		if err != nil {
			return 0, err
		}
		answers, used = answers+n, after-before
	}
	return float64(answers) / used.Seconds(), nil
}

// compare fails unless a server has just these bytes at a URI.
func compare(s *server, uri string, want []byte) error {
	r, err := s.get(uri)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	got, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if r.StatusCode != http.StatusOK || !bytes.Equal(got, want) {
		return fmt.Errorf("status %d with %d bytes that are not the origin's", r.StatusCode, len(got))
	}
	return nil
}

// percentile returns the value that so many hundredths of some do not exceed.
func percentile(values []time.Duration, hundredths int) time.Duration {
	slices.Sort(values)
	return values[min(len(values)-1, len(values)*hundredths/100)]
}

func median[T float64 | time.Duration](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}
