package tracker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/ice"
	"github.com/shoal-live/shoal/tracker/quota"
	"github.com/shoal-live/shoal/tracker/turn"
)

// privacy is what viewers are shown of each other, and the relay that shows them nothing.
type privacy struct {
	filter   ice.Filter         // static
	turn     *turn.Server       // static; nil if there is none
	turnIP   netip.Addr         // static; where the operator says it is
	withheld prometheus.Counter // signals of which nothing was left

	unacquainted prometheus.Counter // signals between viewers who know enough others

	log    *slog.Logger // static
	hinted *sync.Once   // what an operator may want to allow was said
}

// validatePrivacy says what cannot work.
func (c *Config) validatePrivacy() error {
	if c.Acquaintances < 0 {
		return fmt.Errorf("tracker: %d acquaintances: choose 1 or more, or 0 for two more than a cell has", c.Acquaintances)
	}
	c.TURN.Closed, c.TURN.Shared = c.RelayOnly, c.SharedNetworks
	if c.RelayOnly && c.TURN.Addr == "" && !slices.ContainsFunc(c.ICEServers, IsRelay) {
		return errors.New("tracker: -relay-only needs a relay: name an address for the own TURN server with -turn, or another's with -ice turn:HOST:PORT|USER|PASSWORD")
	}
	if c.TURN.Addr != "" && len(c.ICEServers) == wire.MaxICEServers {
		return errors.New("tracker: no room for the own TURN server among so many ICE servers")
	}
	if i := slices.IndexFunc(c.SharedNetworks, func(p netip.Prefix) bool { return !p.IsValid() }); i >= 0 {
		return fmt.Errorf("tracker: shared network %d of %d is none: name networks like 192.168.0.0/16", i+1, len(c.SharedNetworks))
	}
	return nil
}

// IsRelay tells whether an ICE server is one by which viewers link without learning each other's addresses.
func IsRelay(s wire.ICEServer) bool {
	return strings.HasPrefix(s.URL, "turn:") || strings.HasPrefix(s.URL, "turns:")
}

func newPrivacy(config Config) (privacy, error) {
	p := privacy{
		filter: ice.Filter{Shared: config.SharedNetworks, RelayOnly: config.RelayOnly},
		turnIP: config.TURN.PublicIP,
		withheld: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "shoal_tracker_withheld_signals_total", Help: "Signals not passed on because they held only what viewers are not shown.",
		}),
		log: config.Log, hinted: new(sync.Once),
		unacquainted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "shoal_tracker_unacquainted_signals_total", Help: "Signals not passed on because a network got to know as many viewers as it may.",
		}),
	}
	var err error
	if config.TURN.Addr != "" {
		p.turn, err = turn.New(config.TURN)
	}
	return p, err
}

// listen opens the TURN server and runs it in the background until ctx ends.
func (p *privacy) listen(ctx context.Context, background *sync.WaitGroup, log *slog.Logger) error {
	if p.turn == nil {
		return nil
	}
	if err := p.turn.Listen(ctx); err != nil {
		return err
	}
	log.Info("tracker: relays", "ip", p.turn.PublicIP()) // ours, and what does not fit behind a NAT
	if at := p.turn.PublicIP(); p.filter.RelayOnly && !ice.Public(at) && !p.filter.Shares(at) {
		log.Warn("tracker: the relays' address is a private one, which viewers are not shown: name a public one with -turn-ip, or its network with -share-network", "ip", at)
	}
	background.Go(func() {
		if err := p.turn.Run(ctx); err != nil {
			log.Error("tracker: no relays", "error", err)
		}
	})
	return nil
}

// leaving returns what of a signal may leave a viewer, nil if nothing does. What had to be changed stands in room. Public: it
// may reach everybody as it is.
func (p *privacy) leaving(v *viewer, payload, room []byte) (passed []byte, public bool) {
	shares := p.filter.Shares(v.from)
	if passed = p.counted(p.filter.Leaving(payload, v.from, room)); passed == nil && !shares {
		p.hint(v.from)
	}
	return passed, !shares
}

// hint says in the log, once, what lets viewers of one private network find each other. The address is nobody's business.
func (p *privacy) hint(from netip.Addr) {
	if p.filter.RelayOnly || !slices.ContainsFunc(ice.Private(), func(n netip.Prefix) bool { return n.Contains(from.Unmap()) }) {
		return
	}
	p.hinted.Do(func() {
		p.log.Warn("tracker: a viewer comes from a private network, and its private addresses are not shown to others: if viewers are to link " +
			"within that network, or on this machine, -share-network allows it; if a proxy is there, name its header with -address-header")
	})
}

// arriving returns what of a signal may reach a viewer, nil if nothing does.
func (p *privacy) arriving(v *viewer, payload []byte) []byte {
	return p.counted(p.filter.Arriving(payload, v.from))
}

func (p *privacy) counted(payload []byte) []byte {
	if payload == nil {
		p.withheld.Inc()
	}
	return payload
}

// origin returns by what the viewers of one network are counted that get to know others: the /24 or, in IPv6, the /48 of an
// address. 0 for whom it does not matter: the machine's own, one that is not known, one of a network whose viewers may know each
// other's addresses; and all where nobody learns any.
func (p *privacy) origin(from netip.Addr, local bool) uint64 {
	if p.filter.RelayOnly || !from.IsValid() || local || p.filter.Shares(from) {
		return 0
	}
	b := quota.Network(from).Addr().As16()
	if from.Unmap().Is4() {
		return 4<<56 | uint64(binary.BigEndian.Uint32(b[12:]))
	}
	return 6<<56 | binary.BigEndian.Uint64(b[:])>>16
}

// flags returns what a viewer is told in its Welcome.
func (p *privacy) flags(from netip.Addr) (flags uint8) {
	if p.filter.RelayOnly {
		flags |= wire.RelayOnly
	}
	if !p.filter.Shares(from) {
		flags |= wire.HideHost
	}
	return flags
}

// servers adds the own TURN server, with credentials for one viewer, to the ICE servers for viewers that reached the
// tracker under a host name. In relay-only mode nobody needs others than relays.
func (p *privacy) servers(list []wire.ICEServer, host string, now time.Time) []wire.ICEServer {
	if p.filter.RelayOnly {
		list = slices.DeleteFunc(slices.Clone(list), func(s wire.ICEServer) bool { return strings.HasPrefix(s.URL, "stun") })
	}
	if p.turn == nil {
		return list
	}
	bound, ok := p.turn.Bound()
	if host = hostName(host); p.turnIP.IsValid() { // the name may be that of a proxy, which passes no UDP on
		host = p.turnIP.String()
	}
	if !ok || host == "" {
		return list
	}
	user, secret := p.turn.Credentials(now)
	url := "turn:" + net.JoinHostPort(host, strconv.Itoa(int(bound.Port()))) + "?transport=udp"
	return append(slices.Clip(list), wire.ICEServer{URL: url, Username: user, Credential: secret})
}

// lifetime returns for how long credentials are good, 0 if there are none.
func (p *privacy) lifetime() time.Duration {
	if p.turn == nil {
		return 0
	}
	return p.turn.Lifetime()
}

// hostName returns the host of an HTTP request without its port, "" if it is none that can be told.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host = strings.Trim(host, "[]"); len(host) > 200 {
		return ""
	}
	return host
}

var (
	turnOpenDesc  = prometheus.NewDesc("shoal_tracker_turn_allocations", "Allocations of the TURN server that are open.", nil, nil)
	turnTotalDesc = prometheus.NewDesc("shoal_tracker_turn_allocations_total", "Allocations that the TURN server made.", nil, nil)
	turnBytesDesc = prometheus.NewDesc("shoal_tracker_turn_bytes_total",
		"Bytes at the relays of the TURN server. Between two of its relays each is counted twice.", []string{"result"}, nil)
	turnDeniedDesc = prometheus.NewDesc("shoal_tracker_turn_denied_total", "What the TURN server refused.", []string{"reason"}, nil)
)

// Describe and Collect implement prometheus.Collector.
func (p *privacy) Describe(descs chan<- *prometheus.Desc) {
	p.withheld.Describe(descs)
	p.unacquainted.Describe(descs)
	for _, d := range []*prometheus.Desc{turnOpenDesc, turnTotalDesc, turnBytesDesc, turnDeniedDesc} {
		descs <- d
	}
}

func (p *privacy) Collect(metrics chan<- prometheus.Metric) {
	p.withheld.Collect(metrics)
	p.unacquainted.Collect(metrics)
	if p.turn == nil {
		return
	}
	c := p.turn.Counts()
	send := func(d *prometheus.Desc, value uint64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	metrics <- prometheus.MustNewConstMetric(turnOpenDesc, prometheus.GaugeValue, float64(c.Open))
	send(turnTotalDesc, c.Allocations)
	send(turnBytesDesc, c.Bytes, "relayed")
	send(turnBytesDesc, c.Dropped, "dropped")
	send(turnDeniedDesc, c.Denied, "peer")
	send(turnDeniedDesc, c.Full, "quota")
	send(turnDeniedDesc, c.Unknown, "credentials")
	send(turnDeniedDesc, c.Throttled, "rate")
}
