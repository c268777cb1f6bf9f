package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/shoal-live/shoal/ops"
	"github.com/shoal-live/shoal/origin"
	"github.com/shoal-live/shoal/tracker"
)

// A desk is what every service command has beside its service: the log, the metrics and the admin listener.
type desk struct {
	door     door
	level    slog.Level
	log      *slog.Logger
	registry *prometheus.Registry
	paths    *http.ServeMux // of the admin listener: what a service adds to it
	bounds   *bounds        // of the public address
	trackers []string       // that an edge alone names to viewers
	lameTime time.Duration  // that servers go on when they are told to end
	board    ops.Config     // of the operator's page, without what is known only when all is open
}

// newDesk defines the flags that all services share.
func newDesk(flags *flagSet) *desk {
	d := &desk{door: door{flag: "admin"}, registry: prometheus.NewRegistry(), paths: http.NewServeMux()}
	flags.StringVar(&d.door.address, "admin", "127.0.0.1:9090", "`address` of metrics, health and profiles, for operators only; each service on one machine needs its own")
	flags.Func("ops", "admin `addresses` of other services, HOST:PORT with commas, that the operator's page (/ops at -admin) shows and steers beside this one", func(text string) (err error) {
		d.board.Others, err = ops.Addresses(text)
		return err
	})
	flags.Var((*list)(&d.board.Hosts), "ops-host", "`names`, with commas, by which -admin may be asked besides addresses and localhost: by Prometheus, -ops of other services, or a proxy for operators")
	flags.TextVar(&d.level, "log", slog.LevelInfo, "least `level` logged: debug, info, warn, error")
	d.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: &d.level}))
	d.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return d
}

// steer puts a tracker's controls on the admin listener, and what it knows of its swarms.
func (d *desk) steer(t *tracker.Tracker) {
	d.paths.Handle("/api/v1/swarm", t.Stats())
	d.paths.Handle("/api/v1/cells/", t.Drawings())
	d.paths.Handle("/api/v1/control", t.Controls())
	d.paths.Handle("/api/v1/control/", t.Controls())
}

// issue puts an origin's publish keys on the admin listener, its streams, and the description of it all.
func (d *desk) issue(o *origin.Origin) {
	d.paths.Handle("/api/v1/streams", o)
	d.paths.Handle("/api/v1/keys", o.KeyAPI())
	d.paths.Handle("/api/v1/keys/", o.KeyAPI())
	d.paths.Handle("/api/v1/openapi.json", o)
}

// open listens on the admin address and returns the task that serves it.
func (d *desk) open(services ...service) (task, error) {
	mux := d.paths
	mux.Handle("/metrics", promhttp.HandlerFor(d.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	board, err := d.operate(withReasons(mux, services...), services)
	if err != nil {
		return nil, err
	}
	listener, err := d.door.listen()
	if err != nil {
		return nil, err
	}
	d.door.address = withPort(d.door.address, listener.Addr())
	return func(ctx context.Context) error { return together(ctx, board.Run, serve(listener, board, d.log)) }, nil
}

// receive opens the public address.
func (d *desk) receive(public door) (*lobby, error) {
	listener, err := public.listen()
	if err != nil {
		return nil, err
	}
	if most := files(); d.bounds.all > most {
		d.log.Warn("-connections is more than there may be: each takes a file; allow more with ulimit -n (LimitNOFILE in systemd)", "connections", d.bounds.all, "files", most)
	}
	bounded, err := newLobby(listener, *d.bounds, d.registry, d.log)
	if err != nil {
		listener.Close()
		return nil, err
	}
	return bounded, nil
}

// run serves one service alone until ctx ends: its public address, the admin address and its own background work. The
// other doors are those that the service opens itself.
func (d *desk) run(ctx context.Context, public door, s service, others ...door) error {
	return d.runAs(ctx, public, s, serve, others...)
}

// runAs is run where the public address is served in a way of its own.
func (d *desk) runAs(ctx context.Context, public door, s service, serve httpTask, others ...door) error {
	listener, err := d.receive(public)
	if err != nil {
		return err
	}
	admin, err := d.open(s)
	if err != nil {
		listener.Close()
		return err
	}
	d.log.Info("serving", "http", listener.Addr().String(), "admin", d.door.address)
	err = together(ctx, s.Run, serve(listener, withProbes(s, s), d.log), admin)
	return d.stopped(explain(err, others...))
}

// stopped says that all has ended in order, if it has: the last line of the log.
func (d *desk) stopped(err error) error {
	if err == nil {
		d.log.Info("stopped")
	}
	return err
}
