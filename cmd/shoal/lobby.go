package main

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/shoal-live/shoal/tracker/quota"
)

// bounds are how many connections a public address holds. Those that are taken over, as those of viewers are by the tracker, do
// not count: the tracker has bounds of its own.
type bounds struct {
	all        int           // at once
	perAddress int           // of them, from one address, see package quota; 0: no bound
	idle       time.Duration // a connection is kept between two requests
	answer     time.Duration // for an answer to be taken; 0: answerTime
}

// plenty is how many files a process may have open where the system does not say.
const plenty = 1 << 20

// boundFlags are the flags of everything that strangers connect to. Once the flags are parsed, check says what cannot be.
func boundFlags(flags *flagSet, b *bounds) (check func() error) {
	flags.IntVar(&b.all, "connections", b.all, "`connections` held at once, those of viewers that joined not counted; more are closed")
	flags.IntVar(&b.perAddress, "connections-per-address", b.perAddress, "`connections` of them held from one address, in IPv6 /64, and eight times as many from one /48; 0: no bound, since a proxy, a CDN or a NAT is one address")
	return func() error {
		return errors.Join(flags.atLeast(1, "connections"), flags.atLeast(0, "connections-per-address"))
	}
}

// behindProxy lifts the bound of one address, since all connections are the proxy's, unless the flag was given.
func (b *bounds) behindProxy(flags *flagSet) {
	if !flags.given("connections-per-address") {
		b.perAddress = 0
	}
}

// lobby is a listener that bounds what waits in it: a connection above the bounds is closed at once, before anything is read
// of it. The others are counted until their server says that they are closed or taken over. They are handed on
// as they are, so that who takes one over has the system's own.
type lobby struct {
	net.Listener
	bounds                        // static
	places *quota.Places          // static; nil: addresses are not looked at
	shed   *prometheus.CounterVec // static
	log    *slog.Logger           // static
	said   map[string]*sync.Once  // static; by reason
	open   prometheus.Gauge       // static; count, shown

	mu    sync.Mutex // guards what follows
	count int
}

// Why a connection is closed.
const (
	shedAddress = "address"
	shedAll     = "all"
)

// newLobby returns a lobby whose figures are shown by a registry.
func newLobby(listener net.Listener, b bounds, registry prometheus.Registerer, log *slog.Logger) (*lobby, error) {
	l := &lobby{
		Listener: listener, bounds: b, log: log,
		shed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_http_connections_shed_total", Help: "Connections closed at once because of the bounds.",
		}, []string{"reason"}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shoal_http_connections", Help: "Connections to the public address, without those taken over as WebSockets.",
		}),
		said: map[string]*sync.Once{shedAddress: new(sync.Once), shedAll: new(sync.Once)},
	}
	if b.perAddress > 0 {
		l.places = quota.NewPlaces(b.perAddress)
	}
	for reason := range l.said {
		l.shed.WithLabelValues(reason)
	}
	for _, c := range []prometheus.Collector{l.shed, l.open} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Accept implements net.Listener.
func (l *lobby) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		reason := l.enter(addressOf(conn))
		if reason == "" {
			return conn, nil
		}
		l.shed.WithLabelValues(reason).Inc()
		l.said[reason].Do(func() { l.explain(reason) })
		conn.Close()
	}
}

// attend has a server keep connections for as long as the bounds say, and tell when one does not count any more.
func (l *lobby) attend(server *http.Server) {
	server.IdleTimeout = l.idle
	if l.answer > 0 {
		server.WriteTimeout = l.answer
	}
	server.ConnState = l.state
}

// state implements http.Server.ConnState.
func (l *lobby) state(conn net.Conn, state http.ConnState) {
	if state == http.StateClosed || state == http.StateHijacked {
		l.leave(addressOf(conn))
	}
}

// enter counts a connection in, or tells why it must not be.
func (l *lobby) enter(from netip.Addr) (reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count >= l.all {
		return shedAll
	}
	if l.counted(from) && !l.places.Enter(from) {
		return shedAddress
	}
	l.count++
	l.open.Set(float64(l.count))
	return ""
}

func (l *lobby) leave(from netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counted(from) {
		l.places.Leave(from)
	}
	l.count--
	l.open.Set(float64(l.count))
}

// counted tells whether an address is bounded by itself: not where a proxy on this machine comes from.
func (l *lobby) counted(from netip.Addr) bool {
	return l.places != nil && from != netip.IPv6Loopback() && from != netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// explain says in the log, the first time, what to do about it. The address is nobody's business.
func (l *lobby) explain(reason string) {
	if reason == shedAll {
		l.log.Warn("too many connections: more are closed; -connections and the limit of open files (ulimit -n) allow more", "connections", l.all)
		return
	}
	l.log.Warn("too many connections from one address: more are closed; if a proxy, a CDN or a large NAT is there, -connections-per-address allows more, and 0 any number",
		"connections", l.perAddress)
}

func addressOf(conn net.Conn) netip.Addr {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
