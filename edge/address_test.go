package edge

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/edge/http1"
	"github.com/shoal-live/shoal/token"
)

// from is a connection that comes from somewhere.
type from struct {
	net.Conn
	at netip.AddrPort
}

func (f from) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(f.at) }

// proxied puts e behind a front, and returns a proxy's connection to it.
func proxied(e *Edge, cache http1.Cache, at string) (proxy net.Conn, end func()) {
	listener := make(oneConn, 1)
	front := http1.New(closeOnce{listener, make(chan struct{})}, http1.Config{Handler: e, Cache: cache})
	stop := behindFront(e, front)
	proxy, conn := net.Pipe()
	listener <- from{conn, netip.MustParseAddrPort(at)}
	return proxy, func() { proxy.Close(); stop() }
}

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}

// TestAheadBehindProxies asks for what is at hand as proxies do, by the front and by the handler: who is answered, who has asked too often, whose token is for
// another network and which address the log has are the same, and the front answers what is at hand.
func TestAheadBehindProxies(t *testing.T) {
	site := newGuests(t, token.EdDSA)
	text := site.invite(t, "demo", func(c *token.Claims) { c.Prefix = netip.MustParsePrefix("198.51.100.0/24") })
	answers := func(t *testing.T, ahead bool) (all []string, hits int64) {
		var out bytes.Buffer
		e := newEdge(t, Config{Transport: newSource(show(t)), Tokens: site.keys, Audience: "here", RequestsPerAddress: 2, TrustedProxies: proxies,
			AccessLog: &out, AccessLogAddresses: true})
		cache := &counting{Edge: e}
		for _, conn := range []string{"10.0.0.1:5", "192.0.2.1:5", "[2001:db8:1::9]:5", "[::ffff:10.0.0.1]:5"} {
			proxy, end := proxied(e, cache, conn)
			reader := bufio.NewReader(proxy)
			for _, said := range []string{"", "198.51.100.1", "198.51.100.2, 10.0.0.7", "198.51.100.3,203.0.113.9", "203.0.113.9, 198.51.100.4", " ::ffff:198.51.100.5 ",
				"198.51.100.6:80", "unknown", ",,", "198.51.100.7, unknown", "10.0.0.8", "fe80::1%x", "198.51.100.8\r\nX-Forwarded-For: 198.51.100.9", "-"} {
				head := "GET " + partPath + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + text + "\r\nX-Forwarded-For: " + said + "\r\n"
				if said == "-" {
					head = strings.Split(head, "X-For")[0]
				}
				if !ahead {
					head += "If-None-Match: \"other\"\r\n" // which is the handler's
				}
				for range 6 { // four may be at once
					io.WriteString(proxy, head+"\r\n")
					r, err := http.ReadResponse(reader, nil)
					if err != nil {
						t.Fatal(err)
					}
					io.Copy(io.Discard, r.Body)
					all = append(all, fmt.Sprint(conn, " ", said, " ", r.StatusCode, " ", r.Header.Get("WWW-Authenticate")))
				}
				time.Sleep(10 * time.Second)
			}
			end()
		}
		for range len(all) {
			all = append(all, (<-e.access.lines).Address)
		}
		return all, cache.hits.Load()
	}
	var want, got []string
	synctest.Test(t, func(t *testing.T) { want, _ = answers(t, false) })
	synctest.Test(t, func(t *testing.T) {
		var hits int64
		got, hits = answers(t, true)
		if hits < 40 {
			t.Errorf("%d were at hand", hits)
		}
	})
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s, by the handler %s", got[i], want[i])
		}
	}
}

// FuzzAddressAhead: whatever a proxy's line says, the front takes it for the same address as the handler.
func FuzzAddressAhead(f *testing.F) {
	f.Add("192.0.2.1, 10.0.0.1", "10.0.0.1:5")
	f.Add(" ,\t10.0.0.1 ", "[2001:db8:1::1]:5")
	f.Add("::ffff:10.0.0.1,fe80::1%x", "192.0.2.1:5")
	e := newEdge(f, Config{TrustedProxies: proxies})
	f.Fuzz(func(t *testing.T, line, at string) {
		from, err := netip.ParseAddrPort(at)
		if err != nil {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + line + "\r\n\r\n")))
		if err != nil || len(r.Header["X-Forwarded-For"]) != 1 {
			return
		}
		r.RemoteAddr = from.String()
		h := &http1.Head{ForwardedFor: []byte(r.Header.Get("X-Forwarded-For"))}
		got, sure := e.whenceAhead(from.Addr().Unmap(), h)
		if want, surely := e.whence(r); got != want || sure != surely {
			t.Errorf("%q from %s: %v (sure: %v), by the handler %v (%v)", line, at, got, sure, want, surely)
		}
	})
}
