package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/shoal-live/shoal/cmd/shoal/demo"
	"github.com/shoal-live/shoal/edge"
	"github.com/shoal-live/shoal/origin"
	"github.com/shoal-live/shoal/origin/audience"
	"github.com/shoal-live/shoal/tracker"
	"github.com/shoal-live/shoal/tracker/ice"
)

const (
	demoStream = "demo"
	readyPoll  = 20 * time.Millisecond
	readyLimit = 10 * time.Second
)

// An upConfig is the flags of shoal up.
type upConfig struct {
	http    door
	demo    bool
	stream  string // the stream a publish key is made for
	origin  origin.Config
	tracker tracker.Config
	locked  bool // the edge wants viewer tokens too
	ingest  []door
	secure  *secure
	viewers edge.Config // how they are met
}

// up runs an origin, an edge and a tracker in one process. They meet on the network all the same: the origin has a
// loopback listener of its own, and the edge fetches from it over HTTP.
func up(ctx context.Context, args []string, out io.Writer) error {
	flags := newFlags("up [flags]", "Runs everything in one process: origin, edge, tracker, pages and a demo broadcast.", out)
	desk := newDesk(flags)
	c := upConfig{http: door{flag: "http"}}
	flags.StringVar(&c.http.address, "http", ":8080", "`address` for viewers")
	flags.BoolVar(&c.demo, "demo", true, "broadcast the built-in clip as the stream "+demoStream)
	flags.StringVar(&c.stream, "stream", "mystream", "`name` of the stream for which a publish key is made and shown, valid for this run; empty for none")
	c.tracker.AllowedOrigins = []string{"*"}
	flags.Var((*list)(&c.tracker.AllowedOrigins), "allow-origin", "web `origins` whose pages may join besides this host's, with commas; * for all")
	flags.StringVar(&c.tracker.STUNAddr, "stun", ":3478", "UDP `address` of the STUN responder")
	desk.bounds = &bounds{all: files() / 2, idle: idleTime, tells: true} // the rest is for viewers that joined
	desk.bounds.perAddress = desk.bounds.all / 2                         // so that one address cannot have all
	bounded := boundFlags(flags, desk.bounds)
	formed := swarmFlags(flags, &c.tracker)
	c.tracker.SharedNetworks = ice.Private() // who runs everything on one machine serves it and its own network
	limits := limitFlags(flags, &c.tracker)
	settle := privacyFlags(flags, &c.tracker)
	readKeys := admissionFlags(flags, &c.tracker, "`FILE` of the keys that viewer tokens must be signed with to watch at all, and to join the swarm; without it nobody needs one to watch")
	ingest, checked := ingestFlags(flags, &c.origin)
	var secured func() error
	c.secure, secured = secureFlags(flags, &c.origin.TLSCert, &c.origin.TLSKey)
	viewers := viewerFlags(flags, desk, &c.viewers)
	if err := flags.parseOnly(args); err != nil {
		return err
	}
	if err := errors.Join(
		bounded(), formed(), limits(), settle(), readKeys(), checked(), secured(), flags.streamName("stream"),
		flags.addresses("tcp", "http", "https", "admin", "rtmp", "rtmps", "webrtc"), flags.addresses("udp", "webrtc", "stun", "turn"),
	); err != nil {
		return err
	}
	done, err := viewers()
	if err != nil {
		return err
	}
	defer done()
	if c.ingest = ingest(); c.origin.RTMPSAddr == "" {
		c.origin.TLSCert, c.origin.TLSKey = "", "" // they are those of -https alone
	}
	c.locked = flags.Lookup("viewer-key").Value.String() != ""
	return desk.up(ctx, c, out)
}

func (d *desk) up(ctx context.Context, c upConfig, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// What can be refused is, before a port is taken.
	c.tracker.Registry, c.tracker.Log = d.registry, d.log.With("service", "tracker")
	swarm, err := newTracker(c.tracker)
	if err != nil {
		return err
	}
	c.origin.Registry, c.origin.Log = d.registry, d.log.With("service", "origin")
	c.origin.Audience = audienceOf(swarm)
	if c.demo {
		c.viewers.Demo = demoStream
		c.origin.Unrecorded = []string{demoStream} // it is a clip, which is there anyway
	}
	source, err := newOrigin(c.origin)
	if err != nil {
		return err
	}

	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer inner.Close()
	if err := source.Listen(ctx); err != nil { // now, since the edge's pages name the port
		return explain(err, c.ingest...)
	}
	c.origin.RTMPAddr = withPort(c.origin.RTMPAddr, source.RTMPAddr())
	_, rtmpPort, err := net.SplitHostPort(source.RTMPAddr().String())
	if err != nil {
		return err
	}
	c.viewers.Origins, c.viewers.RTMPPort = []string{"http://" + inner.Addr().String()}, rtmpPort
	c.viewers.Registry, c.viewers.Log = d.registry, d.log.With("service", "edge")
	if c.locked {
		c.viewers.Tokens, c.viewers.Audience = c.tracker.Tokens, c.tracker.Audience
	}
	copies, err := edge.New(c.viewers)
	if err != nil {
		return err
	}
	d.steer(swarm)
	d.issue(source)
	services := []service{source, copies, swarm}
	mux := http.NewServeMux()
	mux.Handle(trackerPath, swarm)
	mux.Handle("/api/v1/swarm", swarm.Stats())
	viewers := withProbes(beside(copies, mux), services...)
	house, err := d.openHouse(c.http, c.secure, viewers, copies)
	if err != nil {
		return err
	}
	public := house.lobby
	defer public.Close()
	d.board.Watch = watchAt(withPort(c.http.address, public.Addr()))
	admin, err := d.open(services...)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, copies.Drain)()
	tasks := append(house.tasks,
		source.Run, copies.Run, swarm.Run, admin,
		aheadOf(source)(inner, source, d.log),
		admit(public, swarm, house.outer(viewers), ahead(copies), d.log),
		func(ctx context.Context) error {
			if err := awaitReady(ctx, services); err != nil || ctx.Err() != nil {
				return err
			}
			c.http.address = withPort(c.http.address, public.Addr())
			if house.secure != nil {
				c.secure.door.address = withPort(c.secure.door.address, house.secure)
			}
			return d.welcome(ctx, c, out)
		},
	)
	err = d.lame(func(ctx context.Context) error { return together(ctx, tasks...) })(ctx)
	return d.stopped(explain(err, append(c.ingest, door{"stun", c.tracker.STUNAddr}, door{"turn", c.tracker.TURN.Addr})...))
}

// audienceOf returns what the tracker of this process knows of viewers, for the API of the origin beside it.
func audienceOf(t *tracker.Tracker) func(context.Context) map[string]audience.Figures {
	return func(context.Context) map[string]audience.Figures {
		all := map[string]audience.Figures{}
		for _, s := range t.Streams() {
			all[s.Name] = audience.Figures{Viewers: s.Viewers, Outside: s.Outside, Newcomers: s.Newcomers, Offload: s.Offload, Copies: s.Copies, Latency: s.LatencySeconds}
		}
		for _, name := range t.Off() {
			figures := all[name]
			figures.Off = true
			all[name] = figures
		}
		return all
	}
}

// welcome says where everything is and runs the demo broadcast.
func (d *desk) welcome(ctx context.Context, c upConfig, out io.Writer) error {
	keys, err := origin.OpenKeys(c.origin.Data)
	if err != nil {
		return err
	}
	show := banner{http: c.http.address, admin: d.door.address, https: c.secure.door.address, rtmp: c.origin.RTMPAddr, stream: c.stream, demo: c.demo, program: called(os.Args[0])}
	if c.origin.Data != defaultData || show.program != "shoal" { // who has to be told a whole path may be in any folder
		show.data = whole(c.origin.Data)
	}
	if c.stream != "" {
		if show.key, err = keys.Renew(c.stream); err != nil {
			return err
		}
	}
	if err := show.print(out); err != nil || !c.demo {
		return err
	}
	key, err := keys.Renew(demoStream)
	if err != nil {
		return err
	}
	broadcast, err := demo.New(local(c.origin.RTMPAddr), key, d.log.With("service", "demo"))
	if err != nil {
		return err
	}
	return broadcast.Run(ctx)
}

// awaitReady returns once all services are ready, or when ctx ends; after readyLimit it gives up.
func awaitReady(ctx context.Context, services []service) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	limit := time.After(readyLimit)
	for {
		err := ready(services)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-limit:
			return fmt.Errorf("not ready after %v: %w", readyLimit, err)
		case <-tick.C:
		}
	}
}
