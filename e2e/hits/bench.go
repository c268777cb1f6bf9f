//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
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

// request is what a viewer sends.
func request(uri string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: live.example\r\nUser-Agent: hits\r\nAccept: */*\r\n\r\n", uri)
}

// hit is a case of measureHits.
type hit struct {
	name string
	uri  string
	body func(*origin) []byte
}

func mediaHit(name string, msn int) hit {
	return hit{name, fmt.Sprintf("%ss%d.m4s", epochPath, msn), func(o *origin) []byte { return o.media(msn) }}
}

var hits = []hit{
	{"playlist 2 kB", listPath, func(o *origin) []byte { return o.list }},
	mediaHit("83 kB", partSize/1000),
	mediaHit("250 kB", 250),
	mediaHit("1 MB", 1000),
}

// measureHits measures answers from memory.
func (b *bench) measureHits(ctx context.Context) error {
	wanted := strings.Split(b.cases, ",")
	for _, h := range hits {
		if b.cases != "" && !slices.Contains(wanted, h.name) {
			continue
		}
		took := map[string][]float64{}
		crowds := map[string]*crowd{}
		for _, s := range b.servers {
			if err := compare(s, h.uri, h.body(b.origin)); err != nil {
				return fmt.Errorf("%s: %s: %w", h.name, s.name, err)
			}
			w, err := gather(s.address, b.viewers, !b.discard)
			if err != nil {
				return err
			}
			defer w.leave()
			crowds[s.name] = w
			if _, err := w.again(ctx, request(h.uri), b.turn/2); err != nil { // windows of TCP open
				return fmt.Errorf("%s: %s: %w", h.name, s.name, err)
			}
		}
		for range b.rounds {
			for _, s := range b.servers {
				rate, err := b.turnOf(ctx, s, crowds[s.name], h)
				if err != nil {
					return fmt.Errorf("%s: %s: %w", h.name, s.name, err)
				}
				took[s.name] = append(took[s.name], rate)
			}
		}
		b.report.addCase(h.name, took)
	}
	return nil
}

// turnOf returns how many requests a second of the processor a server answers.
func (b *bench) turnOf(ctx context.Context, s *server, w *crowd, h hit) (float64, error) {
	before, err := s.FamilyTime()
	if err != nil {
		return 0, err
	}
	answers, err := w.again(ctx, request(h.uri), b.turn)
	if err != nil {
		return 0, err
	}
	after, err := s.FamilyTime()
	if err != nil {
		return 0, err
	}
	if after <= before {
		return 0, errors.New("no processor time was counted; -turn must be longer")
	}
	return float64(answers) / (after - before).Seconds(), nil
}

// compare fails unless a server has just these bytes at a URI.
func compare(s *server, uri string, want []byte) error {
	r, err := http.Get("http://" + s.address + uri)
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
