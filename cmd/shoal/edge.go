package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/edge"
)

func runEdge(ctx context.Context, args []string, out io.Writer) error {
	flags := newFlags("edge [flags]", "Runs an edge: the cache between origins and viewers, and the pages.", out)
	desk := newDesk(flags)
	http := door{flag: "http"}
	var config edge.Config
	memory, stored := size(256<<20), size(10<<30)
	var cert, key string
	desk.bounds = &bounds{all: files() * 3 / 4, idle: idleTime, tells: true} // the rest is for requests to origins
	desk.bounds.short = new(atomic.Bool)
	desk.bounds.perAddress = desk.bounds.all / 2 // so that one address cannot have all
	bounded := boundFlags(flags, desk.bounds)
	secured, checked := secureFlags(flags, &cert, &key)
	viewers := viewerFlags(flags, desk, &config)
	flags.StringVar(&cert, "tls-cert", "", "PEM `file` of the certificate for -https, with its chain; a new one is used as soon as it is there")
	flags.StringVar(&key, "tls-key", "", "PEM `file` of the private key of -tls-cert")
	flags.StringVar(&http.address, "http", ":8080", "`address` for viewers")
	flags.Var((*list)(&config.Origins), "origins", "base `URLs` of the origins, with commas, tried in order (default http://127.0.0.1:8081, none where there are parents)")
	flags.Var((*list)(&config.Parents), "parents", "base `URLs` of edges that are asked before the origins, with commas: each object comes from one of them, the same for all edges with these parents")
	flags.Var(&memory, "memory", "most `bytes` of media kept, like 512M or 2G")
	flags.StringVar(&config.Disk, "disk", "", "`folder` for media that memory has no more room for, as windows of hours need; empty for none")
	flags.Var(&stored, "disk-size", "most `bytes` in the folder of -disk, like 100G")
	flags.Var((*list)(&config.TrackerURLs), "tracker", "`URLs` of the trackers that pages are told to join, with commas; each viewer uses one at a time, like wss://HOST/tracker, or /tracker where a proxy sends that to one (default none, as by -p2p off)")
	flags.StringVar(&config.RTMPURL, "rtmp-url", "", "`URL` that the live-now page names to broadcasters, that of the origin, like rtmp://origin.example/live")
	flags.StringVar(&config.RTMPPort, "rtmp-port", "", "`port` that it names instead, of the page's own host (default 1935 where -origins are on this machine, else none)")
	keys := flags.String("viewer-key", "", "`FILE` of the keys that viewer tokens must be signed with to watch, see shoal token; without it viewers need no token")
	flags.StringVar(&config.Audience, "token-audience", "", "`name` that tokens must have as their audience")
	if err := flags.parseOnly(args); err != nil {
		return err
	}
	if err := errors.Join(bounded(), flags.addresses("tcp", "http", "https", "admin"), checked()); err != nil {
		return err
	}
	machine := size(machineMemory(os.DirFS("/")) >> 20 << 20) // in whole M, as it is shown
	part := machine / 4 * 3 >> 20 << 20
	switch {
	case secured.door.address == "" && (cert != "" || key != ""):
		return flags.refuse("tls-cert", "a certificate is of use with -https only: add -https :443")
	case flags.given("origins") && len(config.Origins) == 0:
		return flags.refuse("origins", "want one or more, like http://HOST:8081")
	case flags.given("parents") && len(config.Parents) == 0:
		return flags.refuse("parents", "want one or more, like http://HOST:8080")
	case config.Disk == "" && flags.given("disk-size"):
		return flags.refuse("disk-size", "is of no use without -disk FOLDER")
	case stored < 64<<20:
		return flags.refuse("disk-size", "choose 64M or more (by default 10G)")
	case memory > machine && machine > 0:
		return flags.fail("memory", "this machine has %v: choose up to %v, three quarters of it", &machine, &part)
	case memory < 32<<20:
		return flags.refuse("memory", "choose 32M or more, which is what one object may have (by default 256M)")
	}
	if err := trackerless(flags, &config); err != nil {
		return err
	}
	done, err := viewers()
	if err != nil {
		return err
	}
	defer done()
	if config.Tokens, err = checkingKeys(*keys); err != nil {
		return err
	}
	needless(desk.log, config.Tokens)
	unmet(desk.log, config.TrackerURLs)
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
	most := limitMemory(os.DirFS("/"))
	if most > 0 && int64(memory) > most/4*3 {
		desk.log.Warn("-memory leaves the process too little for connections: it may take no more than the limit", "memory", int64(memory), "limit", most)
	}
	short := func(short bool) {
		desk.bounds.short.Store(short)
		service.Stint(short)
	}
	desk.trackers = config.TrackerURLs
	var kept lodger
	pace := paceGarbage(heapPace, func(live, _ int64) int { return garbageAtEdge(int64(memory), kept.at(live, service.Cached()), live) })
	return together(ctx, pace, watchMemory(most, desk.log, short), func(ctx context.Context) error {
		return desk.runEdge(ctx, http, secured, service)
	})
}

// trackerless settles what it means that no tracker is to be told of: viewers do not meet, as by -p2p off. An edge has no tracker of its own, and pages
// that name one which is not there would ask viewers for nothing.
func trackerless(flags *flagSet, config *edge.Config) error {
	const off = "off"
	switch {
	case len(config.TrackerURLs) > 0 || config.P2P != "" && !slices.Contains(edge.Modes, config.P2P): // a mode that is none is told of by name
		return nil
	case config.P2P != "" && config.P2P != off: // an empty one is left to the default, as where it is not given
		return flags.refuse("tracker", "without a tracker viewers do not meet: name one or more, like wss://HOST/tracker, or /tracker, or leave out -p2p %s", config.P2P)
	}
	config.P2P = off
	return nil
}

// unmet tells the operator of an edge that names no tracker what its viewers go without.
func unmet(log *slog.Logger, trackers []string) {
	if len(trackers) == 0 {
		log.Info("viewers of the pages here share nothing, as without a tracker there is no swarm: -tracker names one or more")
	}
}

// runEdge is run for an edge, which answers all of its addresses itself, probes included. When ctx ends it says so at once, and goes on until what it was
// asked for before is answered.
func (d *desk) runEdge(ctx context.Context, public door, s *secure, service *edge.Edge) error {
	house, err := d.openHouse(public, s, service, service)
	if err != nil {
		return err
	}
	d.board.Watch = watchAt(withPort(public.address, house.lobby.Addr()))
	d.paths.Handle("/api/v1/streams", service)
	admin, err := d.open(service)
	if err != nil {
		house.lobby.Close()
		return err
	}
	d.log.Info("serving", "http", house.lobby.Addr().String(), "https", house.tls(), "admin", d.door.address)
	servers := append(house.tasks, ahead(service)(house.lobby, house.outer(service), d.log), admin)
	for i, t := range servers {
		servers[i] = d.lame(t)
	}
	defer context.AfterFunc(ctx, service.Drain)()
	return d.stopped(outlive(service.Run, servers...)(ctx))
}

// viewerFlags are the flags of how viewers are met, and what is written of them. Once the flags are parsed, check opens what is written to; done closes
// it.
func viewerFlags(flags *flagSet, d *desk, config *edge.Config) (check func() (done func(), err error)) {
	var proxies list
	flags.Float64Var(&config.RequestsPerAddress, "requests-per-address", 10_000, "`requests` a second answered to one address, in IPv6 /64, and twice as many at once; 0: no bound, as where a CDN is in front")
	flags.StringVar(&config.P2P, "p2p", "", "`mode` of the pages here: on, viewers share with each other unless they say no; ask, once they say yes; relay-only, through relays alone, unless they say no; off (default ask, but on for the demo of shoal up, and off for an edge without -tracker)")
	flags.Var(&proxies, "trusted-proxies", "`networks` of proxies, with commas, like 10.0.0.0/8: viewers' addresses are then those of X-Forwarded-For, and a proxy has no bound of one address")
	file := flags.String("access-log", "", "`file` that gets a line of JSON for each answer, or - for the standard output; one that was moved away is made anew")
	flags.BoolVar(&config.AccessLogAddresses, "access-log-addresses", false, "viewers' addresses are in -access-log too")
	flags.DurationVar(&d.lameTime, "drain", 0, "`time` that all is answered still when the program is told to end, while /readyz says no: as long as it takes who sends viewers here to notice")
	return func() (func(), error) {
		if config.P2P != "" && !slices.Contains(edge.Modes, config.P2P) {
			return nil, flags.refuse("p2p", "choose %s", strings.Join(edge.Modes, ", "))
		}
		for _, text := range proxies {
			network, err := netip.ParsePrefix(text)
			if err != nil {
				if single, e := netip.ParseAddr(text); e == nil {
					network, err = single.Prefix(single.BitLen())
				}
			}
			if err != nil {
				return nil, flags.refuse("trusted-proxies", "want networks or addresses, with commas, like 10.0.0.0/8,2001:db8::1")
			}
			config.TrustedProxies = append(config.TrustedProxies, network.Masked())
		}
		d.bounds.trusted = config.TrustedProxies
		if err := errors.Join(flags.between(0, 1e9, "requests-per-address"), flags.lasts("drain", 0, 10*time.Minute, 0)); err != nil {
			return nil, err
		}
		if *file == "" && config.AccessLogAddresses {
			return nil, flags.refuse("access-log-addresses", "there is no log: name its file by -access-log, or - for the standard output")
		}
		switch *file {
		case "":
			return func() {}, nil
		case "-":
			config.AccessLog = os.Stdout
			return func() {}, nil
		}
		log, err := openLog(*file)
		if err != nil {
			return nil, flags.fail("access-log", "%v", err)
		}
		config.AccessLog = log
		return log.close, nil
	}
}
