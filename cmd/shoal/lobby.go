package main

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/tracker/quota"
)

// bounds are how many connections a public address holds, and what is asked of them. Those that are taken over, as those of viewers are by the
// tracker, do not count: the tracker has bounds of its own.
type bounds struct {
	all        int            // at once
	perAddress int            // of them, from one address, see package quota; 0: no bound
	trusted    []netip.Prefix // of proxies: no bound of an address is for them
	idle       time.Duration  // a connection is kept between two requests
	answer     time.Duration  // for an answer to be taken; 0: answerTime
	minRate    int64          // bytes a second that a connection takes while more wait; 0: any
	tells      bool           // who is turned away is told so
	short      *atomic.Bool   // of memory: nobody more is let in; nil: never
}

// plenty is how many files a process may have open where the system does not say.
const plenty = 1 << 20

// boundFlags are the flags of everything that strangers connect to. Once the flags are parsed, check says what cannot be.
func boundFlags(flags *flagSet, b *bounds) (check func() error) {
	b.minRate = 8 << 10
	flags.Var((*size)(&b.minRate), "min-rate", "`bytes` a second that a connection takes at least while more wait for it, over 10 s, or it is ended; 0: any (Linux)")
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

// lobby is a listener that bounds what waits in it: a connection above the bounds is turned away, before anything is read
// of it. The others are counted until their server says that they are closed or taken over. They are handed on
// as they are, so that who takes one over has the system's own.
type lobby struct {
	net.Listener
	*guests
	secure bool                    // static; TLS is spoken: nobody can be told anything before
	paces  map[*net.TCPConn]*paced // guarded by mu: who is in it
	round  round                   // guarded by mu: likewise
}

// guests are the connections of all lobbies of one house.
type guests struct {
	bounds                         // static
	places  *quota.Places          // static; nil: addresses are not looked at
	shed    *prometheus.CounterVec // static
	cut     prometheus.Counter     // static
	log     *slog.Logger           // static
	said    map[string]*sync.Once  // static; by reason
	open    prometheus.Gauge       // static; count, shown
	told    chan struct{}          // static; a place for each that is told why it is turned away
	bidding sync.Mutex             // held by who takes all of those places

	mu    sync.Mutex // guards what follows
	count int
	spare *os.File // gives its descriptor when there is no other; nil: it is in use
}

// Why a connection is closed.
const (
	shedAddress = "address"
	shedAll     = "all"
	shedFiles   = "files"
	shedMemory  = "memory"
	slowReader  = "slow"
)

// newLobby returns a lobby whose figures are shown by a registry.
func newLobby(listener net.Listener, b bounds, registry prometheus.Registerer, log *slog.Logger) (*lobby, error) {
	g := &guests{
		bounds: b, log: log,
		shed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_http_connections_shed_total", Help: "Connections turned away because of the bounds.",
		}, []string{"reason"}),
		cut: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "shoal_http_connections_cut_total", Help: "Connections ended because they took too little of what waited for them.",
		}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shoal_http_connections", Help: "Connections to the public address, without those taken over as WebSockets.",
		}),
		said: map[string]*sync.Once{slowReader: new(sync.Once)},
		told: make(chan struct{}, mostTold),
	}
	if b.perAddress > 0 {
		g.places = quota.NewPlaces(b.perAddress)
	}
	for _, reason := range []string{shedAddress, shedAll, shedFiles, shedMemory} {
		g.shed.WithLabelValues(reason)
		g.said[reason] = new(sync.Once)
	}
	for _, c := range []prometheus.Collector{g.shed, g.cut, g.open} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	g.spare, _ = os.Open(os.DevNull)
	return g.lobby(listener, false), nil
}

// lobby returns one more lobby of the house.
func (g *guests) lobby(listener net.Listener, secure bool) *lobby {
	return &lobby{Listener: listener, guests: g, secure: secure, paces: map[*net.TCPConn]*paced{}}
}

// Accept implements net.Listener. It fails for good only when the listener is closed.
func (l *lobby) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		reason := ""
		switch {
		case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
			if conn, err = l.acceptWithSpare(); err != nil {
				return nil, err // for a moment: the server tries again
			}
			reason = shedFiles
		case err != nil:
			return nil, err
		default:
			reason = l.enter(addressOf(conn))
		}
		if reason == "" {
			l.settle(conn)
			return conn, nil
		}
		l.note(reason)
		l.turnAway(conn, reason)
		if reason == shedFiles {
			l.keepSpare()
		}
	}
}

// Close implements net.Listener.
func (l *lobby) Close() error {
	l.mu.Lock()
	if l.spare != nil {
		l.spare.Close()
		l.spare = nil
	}
	l.mu.Unlock()
	return l.Listener.Close()
}

// settle has a connection looked after.
func (l *lobby) settle(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok && l.minRate > 0 {
		l.mu.Lock()
		defer l.mu.Unlock()
		p := &paced{conn: tcp}
		l.paces[tcp] = p
		l.round.enter(p)
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
		l.leave(conn)
	}
}

// enter counts a connection in, or tells why it must not be.
func (g *guests) enter(from netip.Addr) (reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.count >= g.all {
		return shedAll
	}
	if g.short != nil && g.short.Load() {
		return shedMemory
	}
	if g.counted(from) && !g.places.Enter(from) {
		return shedAddress
	}
	g.count++
	g.open.Set(float64(g.count))
	return ""
}

// leave is told of a connection that is not served here any more.
func (l *lobby) leave(conn net.Conn) {
	for { // TLS, and what was read before somebody else took it, stand before the connection that came in
		over, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = over.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		l.mu.Lock()
		if p := l.paces[tcp]; p != nil {
			delete(l.paces, tcp)
			l.round.leave(p)
		}
		l.mu.Unlock()
	}
	l.exit(addressOf(conn))
}

// exit counts a connection out that was counted in.
func (g *guests) exit(from netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.counted(from) {
		g.places.Leave(from)
	}
	g.count--
	g.open.Set(float64(g.count))
}

// note counts one that is turned away.
func (g *guests) note(reason string) {
	g.shed.WithLabelValues(reason).Inc()
	g.said[reason].Do(func() { g.explain(reason) })
}

// counted tells whether an address is bounded by itself: not where a proxy comes from, be it on this machine.
func (g *guests) counted(from netip.Addr) bool {
	return g.places != nil && from != netip.IPv6Loopback() && from != netip.AddrFrom4([4]byte{127, 0, 0, 1}) &&
		!slices.ContainsFunc(g.trusted, func(p netip.Prefix) bool { return p.Contains(from) })
}

// explain says in the log, the first time, what to do about it. The address is nobody's business.
func (g *guests) explain(reason string) {
	switch reason {
	case shedAll:
		g.log.Warn("too many connections: more are closed; -connections and the limit of open files (ulimit -n) allow more", "connections", g.all)
		return
	case shedFiles:
		g.log.Warn("no file is left for connections: more are closed; allow more with ulimit -n (LimitNOFILE in systemd), or fewer with -connections", "files", files())
		return
	case shedMemory:
		g.log.Warn("short of memory: more connections are closed; give the process more, or lower -memory or -connections")
		return
	case slowReader:
		g.log.Warn("a connection took less of what waited for it than -min-rate says: such are ended", "bytesPerSecond", g.minRate)
		return
	}
	g.log.Warn("too many connections from one address: more are closed; if a proxy, a CDN or a large NAT is there, -connections-per-address allows more, and 0 any number",
		"connections", g.perAddress)
}

func addressOf(conn net.Conn) netip.Addr {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
