package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"slices"

	"github.com/shoal-live/shoal/edge/http1"
)

// ahead is serve where most requests are for what a cache has at hand: a front answers those that are plain, and the server has the others.
func ahead(cache http1.Cache) httpTask { return aheadBy(nil, cache) }

// aheadBy is ahead by TLS. Who speaks HTTP/2 is the server's.
func aheadBy(secure *tls.Config, cache http1.Cache) httpTask {
	if secure != nil {
		secure = secure.Clone()
		secure.NextProtos = append([]string{"h2", "http/1.1"}, slices.DeleteFunc(slices.Clone(secure.NextProtos), func(protocol string) bool {
			return protocol == "h2" || protocol == "http/1.1"
		})...)
	}
	return func(listener net.Listener, handler http.Handler, log *slog.Logger) task {
		config := http1.Config{
			Handler: handler, Cache: cache, Log: log, TLS: secure,
			HeadTime: headerTime, IdleTime: idleTime, MaxHead: maxHeader, HeldTime: finishTime, DrainTime: drainTime,
		}
		bounded, _ := listener.(*lobby)
		if passed, ok := listener.(behind); ok {
			bounded = passed.lobby
		}
		if bounded != nil {
			config.IdleTime = bounded.idle
			config.Gone = func(conn net.Conn) { bounded.leave(conn) }
		}
		front := http1.New(listener, config)
		return func(ctx context.Context) error {
			return together(ctx, front.Run, serving{behind{front, bounded}, handler, log, finishTime}.run)
		}
	}
}
