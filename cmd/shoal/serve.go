package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	headerTime   = 10 * time.Second // for a request's header to arrive
	bodyTime     = 30 * time.Second // for a body, where there is one, and what is done with it
	answerTime   = 2 * time.Minute  // for an answer to be taken, with what it waits for, as reloads do for up to 30 s three times
	idleTime     = 2 * time.Minute  // a connection is kept between two requests
	questionTime = 5 * time.Second  // likewise at a tracker alone, of which nobody asks much but handshakes
	maxHeader    = 32 << 10
	heldTime     = time.Second / 4 // held requests get when the program ends
	drainTime    = 5 * time.Second // all requests get when the program ends
	finishTime   = 4 * time.Second // held requests of an edge get, which tells those that are held for long itself
)

// A service is one of origin, edge and tracker.
type service interface {
	http.Handler
	Run(context.Context) error
	Ready() error
}

// A task runs until its context ends, and then returns nil.
type task func(context.Context) error

// together runs tasks until the first fails or ctx ends, and joins them all.
func together(ctx context.Context, tasks ...task) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, t := range tasks {
		group.Go(func() error { return t(ctx) })
	}
	return group.Wait()
}

// An httpTask answers HTTP on a listener: serve, or what stands before it.
type httpTask func(net.Listener, http.Handler, *slog.Logger) task

// lame has a task end so much later than it is told to, unless it ends by itself.
func (d *desk) lame(t task) task {
	if d.lameTime == 0 {
		return t
	}
	return func(ctx context.Context) error {
		inner, end := context.WithCancel(context.WithoutCancel(ctx))
		defer end()
		defer context.AfterFunc(ctx, func() { time.AfterFunc(d.lameTime, end) })()
		return t(inner)
	}
}

// hurried bounds how long a body takes to arrive. The server itself waits without end for what is missing of one, read or not.
func hurried(handler http.Handler, within time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			http.NewResponseController(w).SetReadDeadline(time.Now().Add(within)) // the server sets another for what comes next
		}
		handler.ServeHTTP(w, r)
	})
}

// A serving is HTTP that is answered on a listener.
type serving struct {
	listener net.Listener
	handler  http.Handler
	log      *slog.Logger
	held     time.Duration // that requests may go on waiting when it ends
}

// serve is the task that answers HTTP on a listener: HTTP/1.1, and HTTP/2 to who begins with it. When its context ends, the listener closes at
// once, requests that are held open (blocking reloads) are let go after heldTime, and those that still run after drainTime are cut off.
func serve(listener net.Listener, handler http.Handler, log *slog.Logger) task {
	return serving{listener: listener, handler: handler, log: log, held: heldTime}.run
}

func (s serving) run(ctx context.Context) error {
	requests, release := context.WithCancel(context.WithoutCancel(ctx))
	defer release()
	server := newServer(s.handler, s.log)
	server.BaseContext = func(net.Listener) context.Context { return requests }
	bounded, _ := s.listener.(*lobby)
	if passed, ok := s.listener.(behind); ok {
		bounded = passed.lobby
	}
	if bounded != nil {
		bounded.attend(server)
		watched, unwatch := context.WithCancel(context.WithoutCancel(ctx))
		var looked sync.WaitGroup
		looked.Go(func() { bounded.watch(watched) })
		defer func() { unwatch(); looked.Wait(); bounded.bid() }()
	}
	ended := make(chan error, 1)
	go func() {
		ended <- server.Serve(s.listener)
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	defer time.AfterFunc(s.held, release).Stop()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if server.Shutdown(limit) != nil {
		server.Close()
	}
	<-ended
	return nil
}

// streamsAtOnce bounds the requests of one HTTP/2 connection that are under way: a page has six or so.
const streamsAtOnce = 128

// newServer makes a server that waits for nobody without end.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:                      hurried(handler, bodyTime),
		DisableGeneralOptionsHandler: true, // OPTIONS * is answered as any other
		Protocols:                    protocols,
		HTTP2:                        &http.HTTP2Config{MaxConcurrentStreams: streamsAtOnce, WriteByteTimeout: bodyTime, SendPingTimeout: idleTime / 2},
		ReadHeaderTimeout:            headerTime,
		WriteTimeout:                 answerTime, // for the edge's media so much for each slice: see send there
		IdleTimeout:                  idleTime,
		MaxHeaderBytes:               maxHeader,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// withProbes adds /healthz (the process lives) and /readyz (every service is ready) to a handler. They do not say what
// is amiss, which may name addresses and paths: anybody may ask, pages of other sites too.
func withProbes(handler http.Handler, services ...service) http.Handler {
	return beside(handler, probes(services, false))
}

// withReasons is withProbes for operators: they are told what is amiss.
func withReasons(handler http.Handler, services ...service) http.Handler {
	return beside(handler, probes(services, true))
}

// A resting service does without a part of what it has, and is ready all the same.
type resting interface{ Rests() error }

func probes(services []service, reasons bool) *http.ServeMux {
	mux := http.NewServeMux()
	says := func(w http.ResponseWriter, status int, text string) {
		if !reasons {
			w.Header().Set("Access-Control-Allow-Origin", "*")
		}
		answer(w, status, text)
	}
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		says(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		err, rests := ready(services), ""
		for _, s := range services {
			if s, ok := s.(resting); ok && reasons {
				if why := s.Rests(); why != nil {
					rests += "\n" + why.Error()
				}
			}
		}
		switch {
		case err == nil:
			says(w, http.StatusOK, "ready"+rests)
		case reasons:
			says(w, http.StatusServiceUnavailable, err.Error()+rests)
		default:
			says(w, http.StatusServiceUnavailable, "not ready")
		}
	})
	return mux
}

// beside has a mux's paths answered by it, as they stand, and all else by another handler. A mux before that would itself send who asks for //watch/demo, or
// for dots, elsewhere.
func beside(rest http.Handler, mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, path := mux.Handler(r); path == r.URL.Path && path != "" {
			mux.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}

func ready(services []service) error {
	for _, s := range services {
		if err := s.Ready(); err != nil {
			return err
		}
	}
	return nil
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write([]byte(text + "\n"))
}
