//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// patience is how long a viewer waits for an answer; reloads are held for six seconds at most.
const patience = 8 * time.Second

func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000, IdleConnTimeout: time.Minute}}
}

// position is how far a playlist reaches.
type position struct{ msn, part int }

func (p position) after(q position) bool { return p.msn > q.msn || p.msn == q.msn && p.part > q.part }

// next is what a viewer asks for once it has this.
func (p position) next() string {
	return fmt.Sprintf("?_HLS_msn=%d&_HLS_part=%d", p.msn, p.part+1)
}

var partLine = regexp.MustCompile(`#EXT-X-PART:.*URI="([^"]*/s(\d+)\.(\d+)\.m4s)"`)

// newest returns how far a playlist reaches, and the URI of its newest part.
func newest(playlist string) (p position, uri string) {
	all := partLine.FindAllStringSubmatch(playlist, -1)
	if len(all) == 0 {
		return p, ""
	}
	last := all[len(all)-1]
	p.msn, _ = strconv.Atoi(last[2])
	p.part, _ = strconv.Atoi(last[3])
	return p, last[1]
}

// event is what happened to a live viewer.
type event struct {
	at     time.Time
	uri    string
	held   time.Duration
	status int   // of an answer that was no 200
	err    error // or why there was none
}

// live is a crowd of viewers at the live edge.
type live struct {
	edge   *house
	client *http.Client
	all    sync.WaitGroup

	mu       sync.Mutex
	events   []event
	advanced map[int][]time.Time // when each viewer's playlist reached further
	parts    int
}

// watch has n viewers watch until ctx ends.
func watch(ctx context.Context, edge *house, n int) *live {
	l := &live{edge: edge, client: newClient(), advanced: map[int][]time.Time{}}
	for i := range n {
		l.all.Go(func() { l.view(ctx, i) })
	}
	return l
}

func (l *live) view(ctx context.Context, i int) {
	const list = "/live/" + stream + "/v0/index.m3u8"
	var at position
	query := ""
	for ctx.Err() == nil {
		body, ok := l.get(ctx, list+query)
		if !ok {
			query = "" // as players do after an error
			wait(ctx, 100*time.Millisecond)
			continue
		}
		now, uri := newest(body)
		if uri == "" || !now.after(at) { // an old one: it is asked for again, as often as players do
			wait(ctx, 100*time.Millisecond)
			if at.msn > 0 {
				query = at.next()
			}
			continue
		}
		at, query = now, now.next()
		l.mu.Lock()
		l.advanced[i] = append(l.advanced[i], time.Now())
		l.mu.Unlock()
		if _, ok := l.get(ctx, "/live/"+stream+"/v0/"+uri); ok {
			l.mu.Lock()
			l.parts++
			l.mu.Unlock()
		}
	}
}

// get asks the edge, and notes what is no answer.
func (l *live) get(ctx context.Context, path string) (body string, ok bool) {
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, b, err := fetch(limited, l.client, l.edge.url(path), nil)
	if err == nil && status == http.StatusOK {
		return string(b), true
	}
	if ctx.Err() == nil {
		l.mu.Lock()
		l.events = append(l.events, event{time.Now(), path, time.Since(began), status, err})
		l.mu.Unlock()
	}
	return "", false
}

// fetch asks once. What has come of a body that breaks off is returned with the error.
func fetch(ctx context.Context, client *http.Client, url string, header http.Header) (status int, body []byte, err error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	for name, values := range header {
		q.Header[name] = values
	}
	a, err := client.Do(q)
	if err != nil {
		return 0, nil, err
	}
	defer a.Body.Close()
	body, err = io.ReadAll(a.Body)
	return a.StatusCode, body, err
}

// errors returns what no viewer should have met: all but a reload that was held for as long as one is.
func (l *live) failures(target time.Duration) (failed []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.status == http.StatusServiceUnavailable && strings.Contains(e.uri, "_HLS_msn") && e.held > 2*target {
			continue
		}
		failed = append(failed, fmt.Sprintf("%s: %d after %v: %v", e.uri, e.status, e.held.Round(time.Millisecond), e.err))
	}
	return failed
}

// longest returns the longest time that a viewer's playlist did not reach further, from a time on until another.
func (l *live) longest(from, to time.Time) (gap time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, times := range l.advanced {
		last := from
		for _, at := range times {
			if at.Before(from) || at.After(to) {
				continue
			}
			gap = max(gap, at.Sub(last))
			last = at
		}
		gap = max(gap, to.Sub(last))
	}
	return gap
}

// caughtUp returns how long after a time the last viewer's playlist had reached further, or an error if it has not for some.
func (l *live) caughtUp(after time.Time, viewers int) (late time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	through := 0
	for _, times := range l.advanced {
		for _, at := range times {
			if at.After(after) {
				late = max(late, at.Sub(after))
				through++
				break
			}
		}
	}
	if through < viewers {
		return 0, errors.New("some viewers got nothing new")
	}
	return late, nil
}

// settle waits until all viewers have had so many parts.
func (l *live) settle(ctx context.Context, viewers, parts int, within time.Duration) error {
	for deadline := time.Now().Add(within); time.Now().Before(deadline) && ctx.Err() == nil; wait(ctx, 50*time.Millisecond) {
		l.mu.Lock()
		enough := 0
		for _, times := range l.advanced {
			if len(times) >= parts {
				enough++
			}
		}
		l.mu.Unlock()
		if enough == viewers {
			return nil
		}
	}
	return errors.New("viewers do not get parts")
}
