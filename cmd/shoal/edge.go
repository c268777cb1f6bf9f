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
	memory, stored := size(256<<20), size(10<<30)
	desk.bounds = &bounds{all: files() * 3 / 4, idle: idleTime} // the rest is for requests to origins
	bounded := boundFlags(flags, desk.bounds)
	flags.StringVar(&http.address, "http", ":8080", "`address` for viewers")
	flags.Var((*list)(&config.Origins), "origins", "base `URLs` of the origins, with commas, tried in order (default http://127.0.0.1:8081, none where there are parents)")
	flags.Var((*list)(&config.Parents), "parents", "base `URLs` of edges that are asked before the origins, with commas: each object comes from one of them, the same for all edges with these parents")
	flags.Var(&memory, "memory", "most `bytes` of media kept, like 512M or 2G")
	flags.StringVar(&config.Disk, "disk", "", "`folder` for media that memory has no more room for, as windows of hours need; empty for none")
	flags.Var(&stored, "disk-size", "most `bytes` in the folder of -disk, like 100G")
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
	case flags.given("parents") && len(config.Parents) == 0:
		return flags.refuse("parents", "want one or more, like http://HOST:8080")
	case config.Disk == "" && flags.given("disk-size"):
		return flags.refuse("disk-size", "is of no use without -disk FOLDER")
	case stored < 64<<20:
		return flags.refuse("disk-size", "choose 64M or more (by default 10G)")
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
	config.DiskBytes = int64(stored)
	config.MemoryBytes, config.Registry, config.Log = int64(memory-memory/heapSpare), desk.registry, desk.log
	service, err := edge.New(config)
	if wrong, ok := errors.AsType[edge.ConfigError](err); ok {
		return usageError(wrong)
	}
	if err != nil {
		return err
	}
	oversleep()
	return together(ctx, paceHeap(int64(memory), service.Cached), func(ctx context.Context) error {
		return desk.runAs(ctx, http, service, ahead(service))
	})
}
