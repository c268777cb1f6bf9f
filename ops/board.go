package ops

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	every = 10 * time.Second // that a point of the charts stands for
	fresh = time.Second      // that what was asked is good for
)

// Board is what answers at the admin listener of one process: the operator's page, and beside it what Config.Own answers.
type Board struct {
	config   Config       // static
	page     page         // static
	mux      http.Handler // static
	services []*service   // static; that of this process first

	turn chan struct{} // full while the services are asked: one is at it, and the others wait

	mu      sync.Mutex // guards what follows; nothing is waited for under it
	asked   time.Time
	changes int // that trackers were told of, taken or not
	after   int // how many of them there had been when the services were asked
	state   state
	history history
}

// New returns a Board, or a ConfigError if there can be none of this kind. It starts nothing: see Run.
func New(config Config) (*Board, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	page, err := newPage(config.Files, config.Watch)
	if err != nil {
		return nil, err
	}
	b := &Board{config: config, page: page, services: []*service{{by: newInside(config.Own)}}, turn: make(chan struct{}, 1), history: newHistory()}
	for _, address := range config.Others {
		b.services = append(b.services, &service{name: address, by: config.Transport})
	}
	b.mux = b.named(b.routes())
	return b, nil
}

func (b *Board) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", b.config.Own)
	mux.HandleFunc("GET /ops", b.page.serve)
	mux.Handle("GET /{$}", http.RedirectHandler("/ops", http.StatusFound))
	mux.HandleFunc("GET /assets/{file}", b.page.serveFile)
	mux.HandleFunc("GET /api/v1/ops", b.serveState)
	mux.HandleFunc("GET /api/v1/ops/history", b.serveHistory)
	mux.HandleFunc("GET /api/v1/ops/cells/{name}", b.serveCells)
	mux.HandleFunc("PATCH /api/v1/ops/control/{name}", ours(b.steer))
	mux.HandleFunc("PUT /api/v1/ops/control/{name}", ours(b.steer))
	return mux
}

// ServeHTTP answers the page, its files and what it asks for, and has Own answer the rest: all of it only under names that are known.
func (b *Board) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

// Run asks the services, and notes what they tell, until ctx ends.
func (b *Board) Run(ctx context.Context) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		b.look(ctx)
		if ctx.Err() == nil {
			b.keep()
		}
		select {
		case <-ctx.Done():
			if idle, ok := b.config.Transport.(interface{ CloseIdleConnections() }); ok {
				idle.CloseIdleConnections()
			}
			return nil
		case <-ticker.C:
		}
	}
}

// look asks all services at once, unless they were a moment ago. That takes as long as they are waited for at most, whatever they wait for; twice as long
// where trackers are asked by their public addresses.
func (b *Board) look(ctx context.Context) {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return
	}
	known, changes := b.isFresh()
	if known {
		return
	}
	told := make([]answers, len(b.services))
	var asking sync.WaitGroup
	for i, s := range b.services {
		asking.Go(func() { told[i] = s.all(ctx) })
	}
	asking.Wait()
	public := b.public(ctx, told)
	if ctx.Err() != nil { // who asked has gone: what is missing may be missing for that
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked, b.after = time.Now(), changes
	b.state = b.stateOf(told, public)
	all, streams := b.state.sums()
	b.history.note(b.asked, all, streams)
	b.state.Lately = b.history.lately()
}

// isFresh tells whether what is known need not be asked for anew, and how many changes there have been.
func (b *Board) isFresh() (yes bool, changes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.asked.IsZero() && time.Since(b.asked) < fresh && b.after == b.changes, b.changes
}

// forget has the services asked anew by who looks next: what they told, and what they are just telling, is of before. It waits for nobody.
func (b *Board) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changes++
}

// keep makes what is known a point of the hour.
func (b *Board) keep() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.history.keep()
}

// trackers are the services that said to be some when they last answered.
func (b *Board) trackers() []*service {
	b.mu.Lock()
	defer b.mu.Unlock()
	var some []*service
	for _, s := range b.services {
		if slices.Contains(s.is, "tracker") {
			some = append(some, s)
		}
	}
	return some
}
