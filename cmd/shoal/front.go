package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/shoal-live/shoal/edge/http1"
	"github.com/shoal-live/shoal/origin"
)

// A vanguard is what stands before a server, where most requests are for what is at hand: a front answers those that are plain, and the server has
// the others.
type vanguard struct {
	cache  http1.Cache
	secure *tls.Config   // nil: no TLS
	said   http.Header   // fields that all answers have; nil: none
	held   time.Duration // that requests may go on waiting when it ends
	prompt bool          // see there
}

// ahead is the vanguard of an edge.
func ahead(cache http1.Cache) httpTask { return aheadBy(nil, nil, cache) }

// aheadBy is ahead by TLS, with fields that all answers have. Who speaks HTTP/2 is the server's.
func aheadBy(secure *tls.Config, said http.Header, cache http1.Cache) httpTask {
	if secure != nil {
		secure = secure.Clone()
		secure.NextProtos = append([]string{"h2", "http/1.1"}, slices.DeleteFunc(slices.Clone(secure.NextProtos), func(protocol string) bool {
			return protocol == "h2" || protocol == "http/1.1"
		})...)
	}
	return vanguard{cache: cache, secure: secure, said: said, held: finishTime}.serve
}

// aheadOf is the vanguard of an origin.
func aheadOf(o *origin.Origin) httpTask {
	return vanguard{cache: media{o}, held: heldTime, prompt: true}.serve
}

// serve is an httpTask.
func (v vanguard) serve(listener net.Listener, handler http.Handler, log *slog.Logger) task {
	config := http1.Config{
		Handler: handler, Cache: v.cache, Log: log, TLS: v.secure, Fields: v.said,
		HeadTime: headerTime, IdleTime: idleTime, MaxHead: maxHeader, HeldTime: v.held, DrainTime: drainTime,
	}
	bounded, _ := listener.(*lobby)
	if passed, ok := listener.(behind); ok {
		bounded = passed.lobby
	}
	if bounded != nil {
		config.IdleTime = bounded.idle
		config.Gone = func(conn net.Conn) { bounded.leave(conn) }
	}
	if v.prompt {
		listener = promptListener{listener}
	}
	front := http1.New(listener, config)
	return func(ctx context.Context) error {
		return together(ctx, front.Run, serving{behind{front, bounded}, saying(v.said, handler), log, v.held}.run)
	}
}

// saying is a handler whose answers have some fields besides.
func saying(said http.Header, handler http.Handler) http.Handler {
	if said == nil {
		return handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), said)
		handler.ServeHTTP(w, r)
	})
}

// media is what an origin has at hand.
type media struct{ *origin.Origin }

// Hit implements http1.Cache.
func (m media) Hit(_ netip.Addr, h *http1.Head, now time.Time) (http1.Answer, bool) {
	if h.Headcount != nil {
		m.Heed(string(h.Target), string(h.Headcount), now)
	}
	a, ok := m.Origin.Hit(h.Target, h.AcceptEncoding != nil, now)
	answer := http1.Answer{Head: a.Head, Body: a.Body, Tally: uncounted{}}
	if a.Wait != nil {
		answer.Wait = change{m, a.Wait}
	}
	return answer, ok
}

// change is what an answer waits for.
type change struct {
	media
	come <-chan struct{}
}

// Done implements http1.Wait.
func (c change) Done() <-chan struct{} { return c.come }

// Answer implements http1.Wait. Who would have to wait once more does so with the handler.
func (c change) Answer(h *http1.Head, now time.Time) (http1.Answer, bool) {
	a, ok := c.Hit(netip.Addr{}, h, now)
	return a, ok && a.Wait == nil
}

// Leave implements http1.Wait.
func (c change) Leave(bool) {}

// uncounted is the http1.Tally of who counts nothing.
type uncounted struct{}

// Count implements http1.Tally.
func (uncounted) Count(int) {}

// promptListener is a listener of connections that are prompt.
type promptListener struct{ net.Listener }

// Accept implements net.Listener.
func (l promptListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return promptly(conn), nil
}
