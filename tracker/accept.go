package tracker

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
)

func newUpgrader() websocket.Upgrader {
	return websocket.Upgrader{
		HandshakeTimeout: joinWithin,
		WriteBufferSize:  256, // it writes nothing but closes: see viewer.write
		WriteBufferPool:  new(sync.Pool),
		CheckOrigin:      func(*http.Request) bool { return true }, // allowed looks at it earlier
	}
}

// ServeHTTP takes a viewer's WebSocket. All that can be refused is refused before the upgrade and before any state
// is made; after it the socket belongs to goroutines that Run waits for.
func (t *Tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from := t.address(r)
	if wait := t.joins.Take(time.Now(), from); wait > 0 {
		t.refuse(w, refusedRate, http.StatusTooManyRequests, wait, "too many joins from this address")
		return
	}
	if !websocket.IsWebSocketUpgrade(r) {
		w.Header().Set("Upgrade", "websocket")
		t.refuse(w, refusedHandshake, http.StatusUpgradeRequired, 0, "this is the tracker's WebSocket: come with a WebSocket handshake")
		return
	}
	if !t.allowed(r) {
		t.refuse(w, refusedOrigin, http.StatusForbidden, 0, "pages of this origin may not join")
		return
	}
	if !exempt(from) && !t.places.Enter(from) {
		t.refuse(w, refusedAddress, http.StatusTooManyRequests, 30*time.Second, "too many viewers from this address")
		return
	}
	if !t.admit() {
		t.vacate(from)
		t.refuse(w, refusedFull, http.StatusServiceUnavailable, 5*time.Second, "the tracker is full or stopping")
		return
	}
	answer := upgrading{ResponseWriter: w}
	conn, err := t.upgrade.Upgrade(&answer, r, nil)
	if err != nil { // the upgrader has answered
		t.metrics.refused(refusedHandshake)
		t.release(from)
		return
	}
	v := newViewer(t, conn, answer.socket, from, t.place(r, from))
	t.wheel.add(v)
	select {
	case <-t.done: // it came too late to be told goodbye
		conn.Close()
	default:
	}
	go v.serve(t.iceServers(r.Host))
}

func (t *Tracker) refuse(w http.ResponseWriter, reason, status int, wait time.Duration, text string) {
	t.metrics.refused(reason)
	w.Header().Set("Cache-Control", "no-store")
	if wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
	http.Error(w, text, status)
}

// admit counts a socket in, unless the tracker is full or not running; release counts it out.
func (t *Tracker) admit() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.open || t.sockets >= t.config.MaxViewers {
		return false
	}
	t.sockets++
	t.running.Add(1)
	return true
}

func (t *Tracker) release(from netip.Addr) {
	t.vacate(from)
	t.mu.Lock()
	t.sockets--
	t.mu.Unlock()
	t.running.Done()
}

// vacate gives back the place of an address.
func (t *Tracker) vacate(from netip.Addr) {
	if !exempt(from) {
		t.places.Leave(from)
	}
}

// exempt tells whether an address may hold as much as there is: the machine's own, behind which a local proxy or a
// measurement stands for many viewers.
func exempt(from netip.Addr) bool { return from.Unmap().IsLoopback() }

// allowed tells whether the page that asks may join: one of this host, or of an allowed origin.
func (t *Tracker) allowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(t.config.AllowedOrigins, "*") {
		return true
	}
	if slices.ContainsFunc(t.config.AllowedOrigins, func(o string) bool { return strings.EqualFold(o, origin) }) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// address returns who asks, the zero Addr if that cannot be told.
func (t *Tracker) address(r *http.Request) netip.Addr {
	if t.config.AddressHeader != "" && len(r.Header.Values(t.config.AddressHeader)) > 0 {
		addr, _ := netip.ParseAddr(lastOf(r, t.config.AddressHeader))
		return addr
	}
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	return from.Addr()
}

// iceServers returns what a viewer is told that reached the tracker under a host name.
func (t *Tracker) iceServers(host string) []wire.ICEServer {
	if len(t.config.ICEServers) > 0 || t.stun == nil {
		return t.config.ICEServers
	}
	bound, ok := t.stun.Bound()
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if !ok || host == "" || len(host) > 200 {
		return nil
	}
	return []wire.ICEServer{{URL: "stun:" + net.JoinHostPort(host, strconv.Itoa(int(bound.Port())))}}
}
