package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/pion/stun/v4"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker"
	"github.com/shoal-live/shoal/tracker/cell"
	"github.com/shoal-live/shoal/tracker/store"
)

// questioners is how many connections of one address a tracker holds by default.
const questioners = 256

// garbage is how much a tracker lets lie before it is collected, in hundredths of what lives, unless GOGC in the environment says
// otherwise: with it a viewer still takes less than 8 KB; see docs/decisions/0013.
const garbage = 140

func runTracker(ctx context.Context, args []string, out io.Writer) error {
	flags := newFlags("tracker [flags]", "Runs a tracker: it forms cells of viewers and relays their signalling.", out)
	desk := newDesk(flags)
	public := door{flag: "http"}
	var config tracker.Config
	var ice list
	var redis string
	flags.StringVar(&public.address, "http", ":8082", "`address` for viewers (WebSocket)")
	flags.StringVar(&config.STUNAddr, "stun", ":3478", "UDP `address` of the STUN responder; empty for none")
	desk.bounds = &bounds{all: min(4096, files()/4), perAddress: questioners, idle: questionTime, answer: bodyTime} // nobody is made to wait
	bounded := boundFlags(flags, desk.bounds)
	formed := swarmFlags(flags, &config)
	limits := limitFlags(flags, &config)
	settle := privacyFlags(flags, &config)
	readKeys := admissionFlags(flags, &config, "`FILE` likewise, by the name that it has at an edge")
	flags.DurationVar(&config.BeaconInterval, "beacon", 10*time.Second, "`time` between two reports of a viewer")
	flags.Var(&ice, "ice", "ICE servers for viewers, with commas: stun:HOST:PORT or turn:HOST:PORT|USER|PASSWORD (default the STUN responder)")
	flags.StringVar(&redis, "redis", "", "`URL` of the Redis where trackers of the same streams meet: redis://HOST:PORT, redis-sentinel://HOST:PORT,…/MASTER or redis-cluster://HOST:PORT,…; empty for a tracker alone")
	flags.Var((*list)(&config.AllowedOrigins), "allow-origin", "web `origins` whose pages may join besides this host's, with commas; * for all")
	flags.StringVar(&config.AddressHeader, "address-header", "", "request `header` in which a trusted proxy puts the viewer's address")
	flags.StringVar(&config.RegionHeader, "region-header", "", "request `header` in which the same proxy puts the viewer's region")
	flags.StringVar(&config.ASHeader, "as-header", "", "request `header` in which the same proxy puts the number of the viewer's AS")
	if err := flags.parseOnly(args); err != nil {
		return err
	}
	if err := readKeys(); err != nil {
		return err
	}
	for _, entry := range ice {
		server, err := parseICE(entry)
		if err != nil {
			return usageError(fmt.Sprintf("tracker: -ice %v", err))
		}
		config.ICEServers = append(config.ICEServers, server)
	}
	if err := errors.Join(
		bounded(), formed(), limits(), settle(), flags.addresses("tcp", "http", "admin"), flags.addresses("udp", "stun", "turn"),
		flags.lasts("beacon", time.Second, 255*time.Second, time.Second), flags.headers("address-header", "region-header", "as-header"),
	); err != nil {
		return err
	}
	for _, name := range []string{"region-header", "as-header"} {
		if config.AddressHeader == "" && flags.Lookup(name).Value.String() != "" {
			return flags.refuse(name, "it is believed of a trusted proxy only: name its header of addresses too, with -address-header")
		}
	}
	if config.AddressHeader != "" {
		desk.bounds.behindProxy(flags)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	config.Registry, config.Log = desk.registry, desk.log
	if redis != "" {
		meet, err := store.OpenRedis(redis)
		if err != nil {
			return usageError(fmt.Sprintf("tracker: -redis: %v", err))
		}
		defer meet.Close()
		config.Store = meet
	}
	service, err := newTracker(config)
	if err != nil {
		return err
	}
	desk.steer(service)
	desk.enough(config)
	gated := func(listener net.Listener, handler http.Handler, log *slog.Logger) task {
		return admit(listener, service, handler, serve, log)
	}
	return desk.runAs(ctx, public, withStats{service}, gated, door{"stun", config.STUNAddr}, door{"turn", config.TURN.Addr})
}

// newTracker makes a tracker. What it says of its Config is of the command line.
func newTracker(config tracker.Config) (*tracker.Tracker, error) {
	service, err := tracker.New(config)
	if wrong, ok := errors.AsType[tracker.ConfigError](err); ok {
		return nil, usageError(wrong)
	}
	if err == nil {
		needless(config.Log, config.Tokens)
	}
	return service, err
}

// limitFlags are the flags for how much a tracker holds, and how much of it one address may. Once the flags are parsed, check says
// what cannot be.
func limitFlags(flags *flagSet, config *tracker.Config) (check func() error) {
	flags.IntVar(&config.MaxViewers, "max-viewers", tracker.DefaultViewers, "`viewers` at once, each of which needs a file (ulimit -n)")
	flags.IntVar(&config.ViewersPerAddress, "viewers-per-address", tracker.DefaultViewersPerAddress, "`viewers` at once from one address, in IPv6 /64, and eight times as many from one /48, as of all that is bounded by address")
	flags.Float64Var(&config.JoinsPerSecond, "joins-per-second", tracker.DefaultJoins, "`joins` of one address each second")
	flags.IntVar(&config.JoinBurst, "join-burst", tracker.DefaultJoinBurst, "`joins` of one address at once")
	flags.IntVar(&config.MaxStreams, "max-streams", tracker.DefaultStreams, "`streams` at once")
	flags.IntVar(&config.StreamsPerAddress, "streams-per-address", tracker.DefaultStreamsPerAddress, "`streams` at once that one address was the first to name")
	return func() error {
		if err := flags.atLeast(0.001, "joins-per-second"); err != nil {
			return err
		}
		return flags.atLeast(1, "max-viewers", "viewers-per-address", "join-burst", "max-streams", "streams-per-address")
	}
}

// enough warns where fewer files may be open than viewers and connections may come.
func (d *desk) enough(config tracker.Config) {
	const others = 100 // listeners, Redis, the log
	if needed := config.MaxViewers + d.bounds.all + others; needed > files() {
		d.log.Warn("fewer files may be open than viewers and connections may come: allow more with ulimit -n (LimitNOFILE in systemd), or fewer with -max-viewers",
			"files", files(), "needed", needed)
	}
}

// swarmFlags are the flags of everything that forms cells. Once the flags are parsed, check says what cannot be.
func swarmFlags(flags *flagSet, config *tracker.Config) (check func() error) {
	flags.IntVar(&config.CellSize, "cell-size", cell.DefaultSize, "`viewers` in a cell, fully meshed")
	flags.IntVar(&config.Roots, "roots", cell.DefaultRoots, "`cells` of a stream that fetch from the edge and feed the others: copies of each chunk")
	return func() error {
		return errors.Join(flags.between(2, wire.MaxMembers, "cell-size"), flags.between(1, 100_000, "roots"))
	}
}

// parseICE reads URL or URL|USER|PASSWORD, which a relay needs.
func parseICE(text string) (server wire.ICEServer, err error) {
	server.URL, server.Username, _ = strings.Cut(text, "|")
	server.Username, server.Credential, _ = strings.Cut(server.Username, "|")
	if _, err := stun.ParseURI(server.URL); err != nil || strings.Contains(server.URL, " ") {
		return server, fmt.Errorf("%s: want stun:HOST:PORT, turn:HOST:PORT|USER|PASSWORD or turns:HOST:PORT|USER|PASSWORD", server.URL) // the rest is secret
	}
	if tracker.IsRelay(server) && (server.Username == "" || server.Credential == "") {
		return server, fmt.Errorf("%s: a relay wants credentials: %s|USER|PASSWORD", server.URL, server.URL)
	}
	return server, nil
}

// withStats is a tracker that answers at the path of its figures too.
type withStats struct{ *tracker.Tracker }

func (t withStats) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/api/v1/swarm" {
		t.Stats().ServeHTTP(w, r)
		return
	}
	t.Tracker.ServeHTTP(w, r)
}
