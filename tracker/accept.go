package tracker

import (
	"io"
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
		WriteBufferSize: 256, // it writes nothing but closes: see viewer.write
		WriteBufferPool: new(sync.Pool),
		Subprotocols:    []string{wire.Subprotocol},
		CheckOrigin:     func(*http.Request) bool { return true }, // allowed looks at it earlier
	}
}

// ServeHTTP takes a viewer's WebSocket. All that can be refused is refused before the upgrade and before any state
// is made; after it the socket belongs to goroutines that Run waits for.
//
// A page is not told why its handshake failed. It may ask: a POST, whose body is the token, is answered as the handshake
// would be, and 204 where that would succeed.
func (t *Tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from, local := t.address(r)
	now := time.Now()
	if wait := t.joins.Take(now, from); wait > 0 {
		t.refuse(w, &rebuff{refusedRate, http.StatusTooManyRequests, wait, "too many joins from this address"})
		return
	}
	if !websocket.IsWebSocketUpgrade(r) {
		t.advise(w, r, from, local, now)
		return
	}
	p, no := t.look(r, offered(r), from, local, now)
	if no == nil {
		no = t.enter(r.Context(), p, from)
	}
	if no != nil {
		t.refuse(w, no)
		return
	}
	served := false
	defer func() { // or Run would wait for a socket of which nothing came, were it for a panic
		if !served {
			t.release(from, p)
		}
	}()
	answer := upgrading{ResponseWriter: w}
	conn, err := t.upgrade.Upgrade(&answer, r, nil)
	if err != nil { // the upgrader has answered
		t.metrics.refused(refusedHandshake)
		return
	}
	v := newViewer(t, conn, answer.socket, from, t.place(r, from, local))
	v.pass = p
	t.wheel.add(v)
	select {
	case <-t.done: // it came too late to be told goodbye
		conn.Close()
	default:
	}
	served = true
	go v.serve(r.Host)
}

// advise tells a page whether it may join: it sees nothing of a handshake that is refused.
func (t *Tracker) advise(w http.ResponseWriter, r *http.Request, from netip.Addr, local bool, now time.Time) {
	if r.Method != http.MethodPost {
		w.Header().Set("Upgrade", "websocket")
		t.refuse(w, &rebuff{refusedHandshake, http.StatusUpgradeRequired, 0, "this is the tracker's WebSocket: come with a WebSocket handshake"})
		return
	}
	http.NewResponseController(w).SetReadDeadline(now.Add(joinWithin)) // what cannot have one is no network
	text, err := io.ReadAll(io.LimitReader(r.Body, wire.MaxToken+1))
	if err != nil {
		t.refuse(w, &rebuff{refusedHandshake, http.StatusBadRequest, 0, "the token did not come whole"})
		return
	}
	p, no := t.look(r, string(text), from, local, now)
	if no == nil {
		if no = t.enter(r.Context(), p, from); no == nil {
			t.release(from, p)
		}
	}
	if no != nil {
		t.refuse(w, no)
		return
	}
	share(w.Header())
	w.WriteHeader(http.StatusNoContent)
}

// refuse answers with a refusal. The connection is not kept: who is refused shall not hold one beside.
func (t *Tracker) refuse(w http.ResponseWriter, no *rebuff) {
	t.metrics.refused(no.reason)
	h := w.Header()
	share(h)
	h.Set("Connection", "close")
	if no.wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int((no.wait+time.Second-1)/time.Second)))
	}
	if no.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	http.Error(w, no.text, no.status)
}

// share lets pages of any origin read an answer: it says nothing that a stranger could not find out by asking himself.
func share(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Retry-After")
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

func (t *Tracker) release(from netip.Addr, p *pass) {
	t.vacate(from, p)
	t.rise(p)
	t.mu.Lock()
	t.sockets--
	t.mu.Unlock()
	t.running.Done()
}

// vacate gives back the place of an address.
func (t *Tracker) vacate(from netip.Addr, p *pass) {
	if !p.local {
		t.places.Leave(from)
	}
}

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

// address returns who asks, the zero Addr if that cannot be told. Local: it is this machine, which may hold as much as there is, for a
// measurement stands for many viewers. No header can say so, for whoever reaches the port may write one.
func (t *Tracker) address(r *http.Request) (from netip.Addr, local bool) {
	if t.config.AddressHeader != "" && len(r.Header.Values(t.config.AddressHeader)) > 0 {
		addr, ok := readAddress(lastOf(r, t.config.AddressHeader))
		if !ok {
			t.metrics.unreadable.Inc()
			t.unreadable.Do(func() {
				t.log.Warn("tracker: the address header does not end with an address: such viewers count as one; have the proxy set it to ADDRESS or ADDRESS:PORT",
					"header", t.config.AddressHeader)
			})
		}
		return addr, false
	}
	at, _ := netip.ParseAddrPort(r.RemoteAddr)
	return at.Addr(), at.Addr().Unmap().IsLoopback()
}

// readAddress reads what proxies write: an address, in IPv6 perhaps in brackets, and perhaps a port.
func readAddress(text string) (addr netip.Addr, ok bool) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr(), true
	}
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		text = text[1 : len(text)-1]
	}
	addr, err := netip.ParseAddr(text)
	return addr, err == nil
}
