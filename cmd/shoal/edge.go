package main

import (
	"context"
	"errors"
	"io"

	"github.com/shoal-live/shoal/edge"
)

func runEdge(ctx context.Context, args []string, out io.Writer) error {
	flags := newFlags("edge [flags]", "Runs an edge: the cache between origins and viewers, and the pages.", out)
	desk := newDesk(flags)
	http := door{flag: "http"}
	var config edge.Config
	memory := size(256 << 20)
	desk.bounds = &bounds{all: files() * 3 / 4, idle: idleTime} // the rest is for requests to origins
	bounded := boundFlags(flags, desk.bounds)
	flags.StringVar(&http.address, "http", ":8080", "`address` for viewers")
	flags.Var((*list)(&config.Origins), "origins", "base `URLs` of the origins, with commas, tried in order (default http://127.0.0.1:8081)")
	flags.Var(&memory, "memory", "most `bytes` of media kept, like 512M or 2G")
	flags.Var((*list)(&config.TrackerURLs), "tracker", "`URLs` of the trackers that pages are told to join, with commas; each viewer uses one at a time (default /tracker)")
	flags.StringVar(&config.RTMPPort, "rtmp-port", "1935", "`port` that the live-now page names to broadcasters")
	keys := flags.String("viewer-key", "", "`FILE` of the keys that viewer tokens must be signed with to watch, see shoal token; without it viewers need no token")
	flags.StringVar(&config.Audience, "token-audience", "", "`name` that tokens must have as their audience")
	if err := flags.parseOnly(args); err != nil {
		return err
	}
	if err := errors.Join(bounded(), flags.addresses("tcp", "http", "admin")); err != nil {
		return err
	}
	switch {
	case flags.given("origins") && len(config.Origins) == 0:
		return flags.refuse("origins", "want one or more, like http://HOST:8081")
	case flags.given("tracker") && len(config.TrackerURLs) == 0:
		return flags.refuse("tracker", "want one or more, like wss://HOST/tracker, or /tracker")
	case memory < 32<<20:
		return flags.refuse("memory", "choose 32M or more, which is what one object may have (by default 256M)")
	}
	var err error
	if config.Tokens, err = checkingKeys(*keys); err != nil {
		return err
	}
	needless(desk.log, config.Tokens)
	config.MemoryBytes, config.Registry, config.Log = int64(memory), desk.registry, desk.log
	service, err := edge.New(config)
	if wrong, ok := errors.AsType[edge.ConfigError](err); ok {
		return usageError(wrong)
	}
	if err != nil {
		return err
	}
	oversleep()
	return desk.runAs(ctx, http, service, ahead(service))
}
