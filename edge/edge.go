package edge

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/headcount"
)

// Edge serves viewers: see the package comment.
type Edge struct {
	// static
	config      Config
	log         *slog.Logger
	cache       *cache
	origins     *origins
	ledger      *ledger
	hints       hints
	disk        *disk // nil: none
	meters      *meters
	tally       *tally
	attendances *attendances
	admission   *admission
	shelf       *shelf
	pages       *pages
	readers     *readers
	rates       *rates          // nil: no bound
	access      *access         // nil: no log
	room        int64           // bytes that the cache may keep
	ctx         context.Context // of all flights
	stop        context.CancelCauseFunc
	holding     context.Context // of those that are held: ends before
	release     context.CancelCauseFunc

	draining atomic.Bool
	unfiled  sync.Once // the log says that no file is left

	held    atomic.Int64   // viewers waiting for a held reload
	flights sync.WaitGroup // Add only under mu, while not stopped

	// guarded by mu
	mu      sync.Mutex
	flying  int
	stopped bool
}

// New makes an edge. It starts nothing: flights start with the requests that need them, and end with Run.
func New(config Config) (*Edge, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	m, err := newMeters(config.Registry)
	if err != nil {
		return nil, err
	}
	a, err := newAdmission(config)
	if err != nil {
		return nil, err
	}
	s, err := loadShelf(config.Files)
	if err != nil {
		return nil, err
	}
	e := &Edge{
		config:    config,
		log:       config.Log,
		cache:     newCache(config.MemoryBytes),
		origins:   newOrigins(config.Parents, config.Origins, config.Transport, config.Log),
		ledger:    newLedger(),
		meters:    m,
		admission: a,
		shelf:     s,
		pages:     new(pages),
	}
	a.address = e.addressOf
	if e.attendances, err = newAttendances(m, e.origins.self[0], config.Registry); err != nil {
		return nil, err
	}
	if e.tally, err = newTally(config.Registry, e.origins.out); err != nil {
		return nil, err
	}
	if config.Disk != "" {
		if e.disk, err = openDisk(config.Disk, config.DiskBytes, config.MemoryBytes, config.Log, e.tally); err != nil {
			return nil, err
		}
		e.cache.limit -= e.disk.most
	}
	e.room = e.cache.limit
	e.cache.evicted = func(o *object) {
		m.evictions.Inc()
		e.disk.keep(o)
	}
	e.readers = &readers{cache: e.cache, clock: clock{time.Now()}, shed: e.tally.shed.WithLabelValues(shedReaders), log: config.Log}
	e.cache.resized = func(bytes, slabs, lingering int64) {
		m.cacheBytes.Set(float64(bytes))
		m.lingering.Set(float64(lingering))
		m.slabBytes.Set(float64(slabs))
	}
	e.cache.lacked = m.slabless.Inc
	e.ctx, e.stop = context.WithCancelCause(context.Background())
	e.holding, e.release = context.WithCancelCause(e.ctx)
	e.rates = newRates(config.RequestsPerAddress, time.Now())
	if config.AccessLog != nil {
		e.access = &access{out: config.AccessLog, dropped: m.unlogged, log: config.Log, lines: make(chan line, accessQueue)}
		if config.AccessLogAddresses {
			e.access.addresses = e.addressOf
		}
	}
	return e, nil
}

// tidyInterval is how often the cache is looked through for what nobody asks for again.
const tidyInterval = time.Second

// Run keeps the edge's background work until ctx ends; then it ends all flights, so that nobody is held any longer, and
// returns when they are gone.
func (e *Edge) Run(ctx context.Context) error {
	var writing sync.WaitGroup
	defer writing.Wait()
	writing.Go(func() { e.cache.keepSlabs(ctx) })
	writing.Go(func() { e.readers.run(ctx) })
	if e.disk != nil {
		writing.Go(func() { e.disk.run(ctx) })
	}
	if e.access != nil {
		writing.Go(func() { e.access.run(ctx) })
	}
	ticker := time.NewTicker(pulse)
	defer ticker.Stop()
	tidied := time.Now()
	for {
		select {
		case now := <-ticker.C:
			e.origins.watch(ctx, now)
			e.attendances.look(now)
			if now.Sub(tidied) >= tidyInterval {
				e.cache.tidy(now)
				tidied = now
			}
		case <-ctx.Done():
			e.mu.Lock()
			e.stopped = true
			e.mu.Unlock()
			e.stop(errStopping)
			e.flights.Wait()
			e.origins.probes.Wait()
			writing.Wait()
			if t, ok := e.origins.transport.(interface{ CloseIdleConnections() }); ok {
				t.CloseIdleConnections()
			}
			return nil
		}
	}
}

// Cached returns how many bytes the cache holds, what is in flight included, and what has left it and is still being sent.
func (e *Edge) Cached() int64 {
	e.cache.mu.Lock()
	defer e.cache.mu.Unlock()
	return e.cache.bytes + e.cache.lingering
}

// Ready tells why the edge gets nothing new now, or nil. An edge asks its origins how they are when it begins: until then it is ready. The error names the
// origins' addresses: it is for the operator. At /readyz, by which is decided whether viewers are sent here, an edge is ready for as long as a playlist
// is served while no origin answers: all edges lose an origin at once, and none is to be taken away from viewers who could be served. There is said
// no more than that none answers, or that all are in a circle with it.
func (e *Edge) Ready() error {
	e.mu.Lock()
	stopped := e.stopped
	e.mu.Unlock()
	if stopped || e.draining.Load() {
		return errStopping
	}
	return e.origins.state()
}

// Stint says whether the process is short of memory. While it is, the cache keeps half of what it may: the rest is for those who are here.
func (e *Edge) Stint(short bool) {
	most := e.room
	e.tally.short.Set(0)
	if short {
		most /= 2
		e.tally.short.Set(1)
	}
	e.cache.bound(most)
}

// methods are those that mean something, here or elsewhere. Their names are case-sensitive.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodConnect, http.MethodTrace}

func (e *Edge) serve(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, "/whip/"), strings.HasPrefix(path, "/whep/"):
		e.serveWHIP(w, r)
	case r.Method == http.MethodOptions:
		preflight(w.Header())
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
	case !slices.Contains(methods, r.Method):
		e.refuse(w, r, "", http.StatusNotImplemented, "nobody knows the method "+strconv.Quote(r.Method)) // RFC 9110 9.1
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		e.refuse(w, r, "", http.StatusMethodNotAllowed, "only GET and HEAD are understood here")
	case strings.HasPrefix(path, "/live/"):
		e.serveLive(w, r)
	case path == "/api/v1/swarm":
		e.serveSwarm(w, r)
	case strings.HasPrefix(path, "/api/v1/"):
		e.serveAPI(w, r)
	case path == "/healthz":
		e.origins.follow(chainOf(r), time.Now())
		e.serveText(w, r, http.StatusOK, "ok")
	case path == "/readyz":
		switch err := e.Ready(); {
		case errors.Is(err, errStopping):
			e.serveText(w, r, http.StatusServiceUnavailable, "not ready: the edge is stopping")
		case (err == nil || e.origins.serves(time.Now())) && e.Rests() != nil:
			e.serveText(w, r, http.StatusOK, "ready\nthe disk tier rests after an error, and is tried again by itself")
		case err == nil || e.origins.serves(time.Now()):
			e.serveText(w, r, http.StatusOK, "ready")
		case e.origins.circle():
			e.serveText(w, r, http.StatusServiceUnavailable, "not ready: all that this edge asks lead back to it, as parents of each other do; name others by -parents or -origins")
		default:
			e.serveText(w, r, http.StatusServiceUnavailable, "not ready: no origin answers")
		}
	default:
		e.servePage(w, r)
	}
}

func (e *Edge) serveLive(w http.ResponseWriter, r *http.Request) {
	t, err := parseLive(r.URL.Path)
	if err != nil || r.URL.RawPath != "" {
		e.refuse(w, r, "", http.StatusNotFound, "no such path; a stream's playlist is /live/NAME/index.m3u8")
		return
	}
	if !e.admit(w, r, t) {
		return
	}
	t.chain = chainOf(r)
	if t.kind == mediaPlaylist {
		if t.reload, err = parseReload(r.URL.RawQuery); err != nil {
			e.refuse(w, r, t.stream, http.StatusBadRequest, "_HLS_msn and _HLS_part must be numbers, and _HLS_part needs _HLS_msn")
			return
		}
	}
	if said := r.Header.Get(headcount.Field); said != "" {
		if from, sure := e.whence(r); sure {
			e.heed(from, said, t, time.Now())
		}
	}
	if t.reload.held {
		e.serveReload(w, r, t)
		return
	}
	o, began := e.open(t)
	e.answer(w, r, o, began)
	if closed(o.done) { // else who asked has left before
		e.watcherOf(r, o).served(o)
	}
}

func (e *Edge) serveAPI(w http.ResponseWriter, r *http.Request) {
	t, err := parseAPI(r.URL.Path)
	if err != nil || r.URL.RawPath != "" {
		e.refuse(w, r, "", http.StatusNotFound, "no such path; streams are listed at /api/v1/streams")
		return
	}
	t.chain = chainOf(r)
	o, began := e.open(t)
	e.answer(w, r, o, began)
}

// FiguresOf returns where trackers tell anybody of their swarms, of the URLs by which viewers join them: none of one that is a path alone, which is
// where a proxy has it.
func FiguresOf(trackers []string) []string {
	all := []string{}
	for _, tracker := range trackers {
		if u, err := url.Parse(tracker); err == nil && (u.Scheme == "ws" || u.Scheme == "wss") {
			u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
			u.Path, u.RawQuery, u.User = "/api/v1/swarm", "", nil
			all = append(all, u.String())
		}
	}
	return all
}

// serveSwarm sends who asks for the swarm's figures to the tracker, which has them. Of several each tells of its own viewers: who
// asks is told where they are, to add up. With a tracker that is routed to by path alone nobody here knows where that is: there
// are no figures then.
func (e *Edge) serveSwarm(w http.ResponseWriter, r *http.Request) {
	at := FiguresOf(e.config.TrackerURLs)
	if len(at) == 1 {
		http.Redirect(w, r, at[0], http.StatusTemporaryRedirect)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=1")
	json.NewEncoder(w).Encode(struct {
		Streams  []struct{} `json:"streams"`
		Trackers []string   `json:"trackers"`
	}{[]struct{}{}, at})
}
