package tracker

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/token"
)

// stateless fails the test unless the tracker holds nothing of anybody but what was there before.
func (w *world) stateless(viewers int) {
	w.t.Helper()
	time.Sleep(2 * farewell)
	synctest.Wait()
	t := w.tracker
	t.mu.Lock()
	sockets, streams := t.sockets, len(t.streams)
	t.mu.Unlock()
	here := 0
	for _, s := range t.Streams() {
		here += s.Viewers
	}
	if sockets != viewers || here != viewers || streams > viewers || t.places.Len() > viewers || t.seats.len() > viewers {
		w.t.Errorf("%d sockets, %d viewers in %d streams, %d addresses, %d tokens hold places; want those of %d viewers",
			sockets, here, streams, t.places.Len(), t.seats.len(), viewers)
	}
}

// admission is a world that wants tokens, and its keys.
type admission struct {
	*world
	keys *token.Keys
}

func newAdmission(t *testing.T, config Config) admission {
	t.Helper()
	var none *token.Keys
	keys, err := none.With(token.HS256)
	if err == nil {
		keys, err = keys.With(token.EdDSA)
	}
	if err != nil {
		t.Fatal(err)
	}
	config.Tokens, config.AddressHeader = keys, "X-Real-IP"
	return admission{newWorld(t, config), keys}
}

func (a admission) make(c token.Claims) string {
	a.t.Helper()
	if c.Expires.IsZero() {
		c.Expires = time.Now().Add(time.Hour)
	}
	text, err := a.keys.Make(c)
	if err != nil {
		a.t.Fatal(err)
	}
	return text
}

func address(from string) http.Header { return http.Header{"X-Real-Ip": {from}} }

// joinWith joins with a token and a secret of its own, and returns what comes first.
func (a admission) joinWith(from, stream, text string, who int) (*testViewer, []byte) {
	a.t.Helper()
	v, _, err := a.dialWith(address(from), stream, text)
	if err != nil {
		a.t.Fatal(err)
	}
	v.read()
	v.send(wire.Join{Flags: wire.MayUpload, Weight: 100, Secret: secret(who), Stream: stream}.Append(nil))
	return v, v.next()
}

// TestRefusedBeforeState: each handshake is refused with its status, in words, readable for pages, and nothing is left of it.
// A page that asks is told the same.
func TestRefusedBeforeState(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newAdmission(t, Config{Audience: "here", JoinsPerSecond: 100})
		good := token.Claims{Stream: "demo", Audience: "here"}
		with := func(change func(c *token.Claims)) string {
			c := good
			change(&c)
			return a.make(c)
		}
		strangers, _ := (*token.Keys)(nil).With(token.EdDSA)
		good.Expires = time.Now().Add(time.Hour)
		forged, _ := strangers.Make(good)
		head := func(alg string) string { // what a good token says, under another header
			text := a.make(good)
			return alg + text[strings.IndexByte(text, '.'):strings.LastIndexByte(text, '.')+1]
		}
		for _, c := range []struct {
			name, stream, text, origin string
			status                     int
			says                       string
		}{
			{"no token", "demo", "", "", 401, "shoal token make"},
			{"no stream", "", a.make(good), "", 400, "?stream=NAME"},
			{"odd stream", "a%20b", a.make(good), "", 400, "A-Z a-z"},
			{"expired", "demo", with(func(c *token.Claims) { c.Expires = time.Now().Add(-time.Minute) }), "", 403, "expired"},
			{"other stream", "other", a.make(good), "", 403, "another stream"},
			{"other audience", "demo", with(func(c *token.Claims) { c.Audience = "there" }), "", 403, "audience"},
			{"other prefix", "demo", with(func(c *token.Claims) { c.Prefix = netip.MustParsePrefix("198.51.100.0/24") }), "", 403, "addresses"},
			{"alg none", "demo", head("eyJhbGciOiJub25lIn0"), "", 403, "HS256 or EdDSA"},                 // {"alg":"none"}
			{"wrong key type", "demo", head("eyJhbGciOiJSUzI1NiJ9") + "AAAA", "", 403, "HS256 or EdDSA"}, // {"alg":"RS256"}
			{"HS256 for Ed25519", "demo", head("eyJhbGciOiJIUzI1NiJ9") + "AAAA", "", 403, "not signed by a key"},
			{"another key", "demo", forged, "", 403, "not signed by a key"},
			{"garbage", "demo", "garbage", "", 403, "not a JWT"},
			{"oversize", "demo", strings.Repeat("a", wire.MaxToken+1), "", 403, "longer than"},
			{"forged origin", "demo", a.make(good), "https://evil.example", 403, "origin"},
			{"forged origin, no token", "demo", "", "https://evil.example", 403, "origin"},
		} {
			header := address("192.0.2.1")
			if c.origin != "" {
				header.Set("Origin", c.origin)
			}
			_, answer, err := a.dialWith(header, c.stream, c.text)
			if err == nil || answer == nil {
				t.Errorf("%s: let in, or %v", c.name, err)
				continue
			}
			words, _ := io.ReadAll(answer.Body)
			if answer.StatusCode != c.status || !strings.Contains(string(words), c.says) {
				t.Errorf("%s: %d %q, want %d and %q", c.name, answer.StatusCode, words, c.status, c.says)
			}
			if answer.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: pages cannot read why", c.name)
			}
			if status, told, _ := a.ask(header, c.stream, c.text); status != c.status || told != string(words) {
				t.Errorf("%s: who asks is told %d %q, the handshake %d %q", c.name, status, told, c.status, words)
			}
			a.stateless(0)
		}
		if status, _, _ := a.ask(address("192.0.2.1"), "demo", a.make(good)); status != http.StatusNoContent {
			t.Errorf("who may come is told %d", status)
		}
		a.stateless(0)
		if _, b := a.joinWith("192.0.2.1", "demo", a.make(good), 1); wire.MessageType(b[0]) != wire.TypeWelcome {
			t.Errorf("a good token is answered %x", b)
		}
		a.stateless(1)
	})
}

// ask asks as a page does whose handshake failed.
func (w *world) ask(header http.Header, stream, text string) (status int, words, retry string) {
	r := httptest.NewRequest(http.MethodPost, "http://tracker.example:8080/tracker?stream="+stream, strings.NewReader(text))
	for name, values := range header {
		r.Header[name] = values
	}
	answer := httptest.NewRecorder()
	w.tracker.ServeHTTP(answer, r)
	return answer.Code, answer.Body.String(), answer.Header().Get("Retry-After")
}

// joinDeaf joins with a token, and answers a ping only after a while; 0: never.
func (a admission) joinDeaf(text string, who int, after time.Duration) *testViewer {
	a.t.Helper()
	v, _, err := a.dialWith(address("192.0.2.1"), "demo", text)
	if err != nil {
		a.t.Fatal(err)
	}
	v.conn.SetPingHandler(func(string) error {
		if after > 0 {
			time.AfterFunc(after, func() { v.conn.WriteControl(websocket.PongMessage, nil, time.Now().Add(time.Second)) })
		}
		return nil
	})
	v.read()
	v.send(wire.Join{Secret: secret(who), Stream: "demo"}.Append(nil))
	v.welcomed()
	return v
}

// TestTokenFlood: a token that joins too often is told when to come back, and others are not.
func TestTokenFlood(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newAdmission(t, Config{})
		text := a.make(token.Claims{Stream: "demo"})
		for i := range 100 {
			v, answer, err := a.dialWith(address("192.0.2.1"), "demo", text)
			if i < 10 {
				if err != nil {
					t.Fatal(i, err)
				}
				v.conn.Close()
				synctest.Wait()
				continue
			}
			if err == nil || answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "1" {
				t.Fatalf("%d: %v, %+v", i, err, answer)
			}
		}
		a.stateless(0)
		if _, b := a.joinWith("192.0.2.2", "demo", a.make(token.Claims{Stream: "demo", Name: "another"}), 2); wire.MessageType(b[0]) != wire.TypeWelcome {
			t.Errorf("another token is answered %x", b)
		}
	})
}

// TestAddressFlood: fifty times as many handshakes as an address may make leave nothing behind, good tokens or bad, and others
// join meanwhile.
func TestAddressFlood(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newAdmission(t, Config{JoinsPerSecond: 1, JoinBurst: 10})
		good := a.make(token.Claims{Stream: "demo"})
		refused, let := 0, 0
		for i := range 500 {
			text := good
			if i%2 == 1 {
				text = "a.b.c"
			}
			v, answer, err := a.dialWith(address("192.0.2.66"), "demo", text)
			switch {
			case err == nil:
				let++
				v.conn.Close()
				synctest.Wait() // until it is known to be gone
			case answer.StatusCode == http.StatusTooManyRequests && answer.Header.Get("Retry-After") != "" && answer.Close:
				refused++
			}
		}
		if let != 5 || refused != 490 {
			t.Errorf("%d let in, %d told when to come back; want 5 and 490", let, refused)
		}
		a.stateless(0)
		if n := a.tracker.uses.Len() + a.tracker.joins.Len(); n > 2 {
			t.Errorf("%d buckets for one address and one token", n)
		}
		if _, b := a.joinWith("192.0.2.67", "demo", a.make(token.Claims{Stream: "demo", Name: "another"}), 1); wire.MessageType(b[0]) != wire.TypeWelcome {
			t.Errorf("another address is answered %x", b)
		}
	})
}

// TestNoUpload: what a token forbids a viewer cannot say of itself.
func TestNoUpload(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newAdmission(t, Config{})
		v, b := a.joinWith("192.0.2.1", "demo", a.make(token.Claims{Stream: "demo", NoUpload: true}), 1)
		if wire.MessageType(b[0]) != wire.TypeWelcome {
			t.Fatalf("%x", b)
		}
		if m := v.nextRoster().Members; len(m) != 1 || m[0].Flags != 0 || m[0].Weight != 100 {
			t.Errorf("joined as %+v", m)
		}
		v.send(wire.Update{Flags: wire.MayUpload | wire.Ready, Weight: 7}.Append(nil))
		if m := v.nextDelta().Set; len(m) != 1 || m[0].Flags != wire.Ready || m[0].Weight != 7 {
			t.Errorf("updated to %+v", m)
		}
	})
}

func TestJoinOfAnotherStream(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		v, answer, err := w.dialWith(nil, "demo", "")
		if err != nil || answer.Header.Get("Sec-WebSocket-Protocol") != wire.Subprotocol {
			t.Fatalf("%v, %+v", err, answer)
		}
		v.read()
		v.send(w.joinMessage("other"))
		if r, _ := v.refused(); r.Reason != wire.RefusedStream {
			t.Errorf("%+v", r)
		}
		w.stateless(0)
	})
}

// TestMoving: a tracker that stops sends its viewers to another.
func TestMoving(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		v := w.join("demo")
		w.stop()
		r, err := wire.ParseRefused(v.next())
		if err != nil || r.Reason != wire.RefusedMoving || r.RetryAfter != moveWithin {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// FuzzHandshake: no handshake and no question panics or leaves anything behind, and none is let in without a token.
func FuzzHandshake(f *testing.F) {
	var none *token.Keys
	keys, err := none.With(token.EdDSA)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("GET", "stream=demo", "shoal, shoal.token.a.b.c", "https://tracker.example", "")
	f.Add("GET", "stream=%zz&stream=", "shoal.token.,,", "null", "")
	f.Add("POST", "stream=demo", "", "", "a.b.c")
	f.Fuzz(func(t *testing.T, method, query, protocols, origin, body string) {
		tracker, err := New(Config{Tokens: keys})
		if err != nil {
			t.Fatal(err)
		}
		tracker.setOpen(true)
		r := httptest.NewRequest(http.MethodGet, "http://tracker.example/tracker", strings.NewReader(body))
		r.Method, r.URL.RawQuery = method, query
		r.Header.Set("Origin", origin)
		if method == http.MethodGet {
			r.Header.Set("Connection", "Upgrade")
			r.Header.Set("Upgrade", "websocket")
		}
		r.Header.Set("Sec-WebSocket-Protocol", protocols)
		answer := httptest.NewRecorder()
		tracker.ServeHTTP(answer, r)
		if answer.Code < 400 || answer.Code >= 500 || answer.Body.Len() < 10 {
			t.Errorf("answered %d %q", answer.Code, answer.Body)
		}
		if tracker.sockets != 0 || len(tracker.streams) != 0 || tracker.places.Len() != 0 || tracker.seats.len() != 0 {
			t.Error("something is left behind")
		}
	})
}
