package upload

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Uploader copies finished recordings.
type Uploader struct {
	// static
	config    Config
	client    *minio.Core
	transport *http.Transport
	metrics   *metrics
	log       *slog.Logger

	// owned by Run
	outlook outlook
	busy    map[string]bool // what is under way, by key
	files   int             // that wait, when it was looked last
	bytes   int64

	mu    sync.Mutex
	state State
}

// job is something to upload.
type job struct {
	key  string
	put  func(context.Context) error
	file bool // it is a file of a recording
}

// result is how a job went.
type result struct {
	job
	err error
}

// New returns an uploader that does nothing until Run.
func New(config Config) (*Uploader, error) {
	secure, host, err := config.validate()
	if err != nil {
		return nil, err
	}
	transport, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, fmt.Errorf("upload: %w", err)
	}
	client, err := minio.NewCore(host, &minio.Options{
		Creds: credentials.NewStaticV4(config.AccessKey, config.SecretKey, ""), Secure: secure, Region: config.Region,
		Transport: transport, MaxRetries: 1, // what fails is counted, and tried again here
	})
	if err != nil { // it says what is wrong with the endpoint's name
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	m, err := newMetrics(config.Registry)
	if err != nil {
		return nil, fmt.Errorf("upload: metrics: %w", err)
	}
	u := &Uploader{config: config, client: client, transport: transport, metrics: m, log: config.Log, busy: map[string]bool{}, state: State{State: Working}}
	u.outlook = outlook{config: &u.config, aside: map[string]*setAside{}}
	return u, nil
}

// State tells how it goes.
func (u *Uploader) State() State {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.state
}

// Run uploads what is finished until ctx is done.
func (u *Uploader) Run(ctx context.Context) {
	jobs, ended := make(chan job), make(chan result, u.config.Parallel) // so that no worker waits
	var all sync.WaitGroup
	for range u.config.Parallel {
		all.Go(func() {
			for j := range jobs {
				ended <- result{j, j.put(ctx)}
			}
		})
	}
	u.dispatch(ctx, jobs, ended)
	close(jobs)
	all.Wait()
	close(ended)
	for r := range ended {
		u.judge(ctx, r, time.Now())
	}
	u.transport.CloseIdleConnections()
}

// dispatch looks for what is finished, and hands it out one by one as long as the outlook is good.
func (u *Uploader) dispatch(ctx context.Context, jobs chan<- job, ended <-chan result) {
	look := time.NewTicker(u.config.look)
	defer look.Stop()
	again := time.NewTimer(0) // when a pause ends
	defer again.Stop()
	list := u.look(time.Now())
	for ctx.Err() == nil {
		var to chan<- job
		var next job
		if len(list) > 0 && len(u.busy) < u.config.Parallel && u.outlook.open(time.Now(), len(u.busy)) {
			to, next = jobs, list[0]
		}
		select {
		case to <- next:
			u.busy[next.key], list = true, list[1:]
		case r := <-ended:
			u.judge(ctx, r, time.Now())
			again.Reset(time.Until(u.outlook.until))
		case <-again.C:
		case now := <-look.C:
			list = u.look(now)
		case <-ctx.Done():
		}
	}
}

// look returns what is finished, and neither under way nor set aside.
func (u *Uploader) look(now time.Time) (list []job) {
	u.outlook.prune(now)
	skip := func(key string) bool { return u.busy[key] || u.outlook.skips(key, now) }
	files, waiting, bytes := u.config.Archive.Waiting(u.config.Queue, skip)
	for _, f := range files {
		list = append(list, job{f.Key, func(ctx context.Context) error { return u.put(ctx, f) }, true})
	}
	for _, l := range u.config.Archive.Unlisted(u.config.Queue-len(list), skip) {
		list = append(list, job{l.Key(), func(ctx context.Context) error { return u.list(ctx, l) }, false})
	}
	u.files, u.bytes = waiting, bytes
	u.show()
	return list
}

// show brings metrics and State up to what is known.
func (u *Uploader) show() {
	s := u.outlook.state(u.files, u.bytes)
	u.metrics.waitingFiles.Set(float64(s.WaitingFiles))
	u.metrics.waitingBytes.Set(float64(s.WaitingBytes))
	u.metrics.stuck.Set(float64(s.StuckFiles))
	u.mu.Lock()
	defer u.mu.Unlock()
	u.state = s
}

// judge counts how an attempt went, and tells a person where something is to be done.
func (u *Uploader) judge(ctx context.Context, r result, now time.Time) {
	delete(u.busy, r.key)
	switch {
	case r.err == nil:
		if r.file {
			u.metrics.files.Inc()
		}
		if failed := u.outlook.good(r.key); failed > 0 {
			u.log.Info("recordings are uploaded again", "failures", failed)
		}
		u.show()
		return
	case ctx.Err() != nil, errors.Is(r.err, errAway): // interrupted, or nobody wants it: no failure
		return
	}
	f := classify(r.err)
	u.metrics.failures.WithLabelValues(f.reason).Inc()
	switch u.outlook.bad(r.key, f, now) {
	case fails:
		u.log.Error("a recording was not uploaded; it is tried again, and stays on disk", "key", r.key, "error", r.err)
	case stuck:
		u.log.Error("recordings cannot be uploaded; they stay on disk, and are tried again each "+u.config.seldom.String()+" and at a start",
			"do", u.outlook.advice, "key", r.key, "error", r.err)
	case fileIsLeft:
		u.log.Error("a recording cannot be uploaded; it stays on disk, and is tried again each "+u.config.seldom.String()+" and at a start",
			"do", u.outlook.aside[r.key].advice, "key", r.key, "error", r.err)
	}
	u.show()
}
