package upload

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/shoal-live/shoal/origin/archive"
)

// Uploader copies finished recordings.
type Uploader struct {
	// static
	config    Config
	client    *minio.Core
	transport *http.Transport
	metrics   *metrics
	log       *slog.Logger

	mu       sync.Mutex
	busy     map[string]bool // files that are thought about, by key
	failures int             // since anything succeeded
	pause    time.Duration   // after the newest of them
	until    time.Time       // when it ends
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
	if err != nil {
		return nil, fmt.Errorf("upload: %w", err)
	}
	m, err := newMetrics(config.Registry)
	if err != nil {
		return nil, fmt.Errorf("upload: metrics: %w", err)
	}
	return &Uploader{config: config, client: client, transport: transport, metrics: m, log: config.Log, busy: map[string]bool{}}, nil
}

// Run uploads what is finished until ctx is done.
func (u *Uploader) Run(ctx context.Context) {
	jobs := make(chan archive.File)
	var all sync.WaitGroup
	for range u.config.Parallel {
		all.Go(func() { u.work(ctx, jobs) })
	}
	tick := time.NewTicker(u.config.look)
	defer tick.Stop()
	for ctx.Err() == nil {
		u.offer(ctx, jobs)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	close(jobs)
	all.Wait()
	u.transport.CloseIdleConnections()
}

// offer looks for finished files and hands them out.
func (u *Uploader) offer(ctx context.Context, jobs chan<- archive.File) {
	list, files, bytes := u.config.Archive.Waiting(u.config.Queue)
	u.metrics.waitingFiles.Set(float64(files))
	u.metrics.waitingBytes.Set(float64(bytes))
	for _, f := range list {
		if !u.take(f.Key) {
			continue
		}
		select {
		case jobs <- f:
		case <-ctx.Done():
			return
		}
	}
}

// take notes that a file is thought about, unless it is already.
func (u *Uploader) take(key string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.busy[key] {
		return false
	}
	u.busy[key] = true
	return true
}

func (u *Uploader) work(ctx context.Context, jobs <-chan archive.File) {
	for f := range jobs {
		err := u.put(ctx, f)
		u.mu.Lock()
		delete(u.busy, f.Key)
		u.mu.Unlock()
		if err != nil && ctx.Err() != nil {
			continue // interrupted: no failure
		}
		wait(ctx, u.judge(f, err, time.Now()))
	}
}

// judge counts how an attempt went, and returns how long to wait before the next. Those that fail while another waits wait with it.
func (u *Uploader) judge(f archive.File, err error, now time.Time) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err == nil {
		u.metrics.files.Inc()
		if u.failures > 0 {
			u.log.Info("recordings are uploaded again", "failures", u.failures)
		}
		u.failures, u.pause = 0, 0
		return 0
	}
	u.metrics.failures.WithLabelValues(reason(err)).Inc()
	if u.failures == 0 {
		u.log.Error("a recording was not uploaded; it is tried again until it is, and stays on disk", "key", f.Key, "error", err)
	}
	u.failures++
	if now.After(u.until) {
		u.pause = min(u.config.longest, max(u.config.first, 2*u.pause))
		u.until = now.Add(u.pause)
	}
	long := max(u.until.Sub(now), u.config.first)
	return long/2 + rand.N(long/2+1)
}

func wait(ctx context.Context, d time.Duration) {
	if d == 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
