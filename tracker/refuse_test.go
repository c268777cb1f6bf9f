package tracker

import (
	"bufio"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/shoal-live/shoal/swarm/wire"
)

func TestRefusedMessages(t *testing.T) {
	join := wire.Join{Secret: secret(99), Stream: "demo"}.Append(nil)
	for _, c := range []struct {
		name   string
		kind   int
		sent   [][]byte
		reason uint8
		code   int
	}{
		{"nothing", 0, nil, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"text", websocket.TextMessage, [][]byte{join}, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"empty", websocket.BinaryMessage, [][]byte{{}}, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"garbage", websocket.BinaryMessage, [][]byte{{0xff, 1, 2}}, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"no join", websocket.BinaryMessage, [][]byte{wire.Update{}.Append(nil)}, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"half a join", websocket.BinaryMessage, [][]byte{join[:6]}, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"version", websocket.BinaryMessage, [][]byte{append([]byte{1, 9}, join[2:]...)}, wire.RefusedVersion, websocket.ClosePolicyViolation},
		{"no name", websocket.BinaryMessage, [][]byte{wire.Join{Secret: secret(99)}.Append(nil)}, wire.RefusedStream, websocket.ClosePolicyViolation},
		{"no secret", websocket.BinaryMessage, [][]byte{wire.Join{Stream: "demo"}.Append(nil)}, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"path", websocket.BinaryMessage, [][]byte{wire.Join{Secret: secret(99), Stream: "../a"}.Append(nil)}, wire.RefusedStream, websocket.ClosePolicyViolation},
		{"no ASCII", websocket.BinaryMessage, [][]byte{wire.Join{Secret: secret(99), Stream: "démo"}.Append(nil)}, wire.RefusedStream, websocket.ClosePolicyViolation},
		{"long name", websocket.BinaryMessage, [][]byte{wire.Join{Secret: secret(99), Stream: strings.Repeat("a", 65)}.Append(nil)}, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"second join", websocket.BinaryMessage, [][]byte{join, join}, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"empty later", websocket.BinaryMessage, [][]byte{join, {}}, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"short update", websocket.BinaryMessage, [][]byte{join, {2, 0}}, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"short beacon", websocket.BinaryMessage, [][]byte{join, {4, 0}}, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"empty signal", websocket.BinaryMessage, [][]byte{join, signalTo(1, "")[:9]}, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"long signal", websocket.BinaryMessage, [][]byte{join, signalTo(1, string(make([]byte, wire.MaxSignal)))}, wire.RefusedMessage, websocket.ClosePolicyViolation},
		{"oversize", websocket.BinaryMessage, [][]byte{join, make([]byte, wire.MaxMessage+1)}, wire.RefusedMessage, websocket.ClosePolicyViolation},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t, Config{})
				good := w.join("demo")
				v := w.open()
				for _, b := range c.sent {
					if err := v.conn.WriteMessage(c.kind, b); err != nil {
						t.Fatal(err)
					}
				}
				r, code := v.refused()
				if r.Reason != c.reason || code != c.code || r.Text == "" {
					t.Errorf("got %+v and close code %d, want reason %d and code %d", r, code, c.reason, c.code)
				}
				if n := testutil.ToFloat64(w.tracker.metrics.refusals.WithLabelValues(refusalNames[c.reason])); n != 1 {
					t.Errorf("%v refusals counted, want 1", n)
				}
				good.send(wire.Update{}.Append(nil)) // others do not notice
				synctest.Wait()
				if s := w.tracker.Streams(); len(s) != 1 || s[0].Viewers != 1 {
					t.Errorf("left behind: %+v", s)
				}
			})
		})
	}
}

func TestRefusedHandshakes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{JoinsPerSecond: 1, JoinBurst: 4, MaxViewers: 1, AddressHeader: "X-Real-IP"})
		from := func(address, origin string) http.Header {
			h := http.Header{"X-Real-Ip": {address}}
			if origin != "" {
				h.Set("Origin", origin)
			}
			return h
		}
		refused := func(name string, header http.Header, status int, retry string) {
			t.Helper()
			_, response, err := w.dial(header)
			if err == nil || response == nil || response.StatusCode != status || response.Header.Get("Retry-After") != retry {
				t.Errorf("%s: %v, %+v; want %d and Retry-After %q", name, err, response, status, retry)
			}
		}
		refused("forged origin", from("192.0.2.9", "https://evil.example"), 403, "")
		if w.tracker.sockets != 0 {
			t.Error("state was made for a refused origin")
		}
		v, _, err := w.dial(from("192.0.2.1, 192.0.2.2", "http://tracker.example:8080"))
		if err != nil {
			t.Fatal("own origin:", err)
		}
		refused("full", from("192.0.2.3", ""), 503, "5")
		v.conn.Close()
		synctest.Wait()
		for range 3 {
			refused("flood", from("192.0.2.2", "https://evil.example"), 403, "")
		}
		refused("flood", from("192.0.2.2", ""), 429, "1")
		if v, _, err = w.dial(from("192.0.2.4", "")); err != nil {
			t.Error("another address is refused:", err)
		}
		v.conn.Close()
		time.Sleep(time.Second)
		if _, _, err = w.dial(from("192.0.2.2", "")); err != nil {
			t.Error("refused after the time it was told:", err)
		}

		r, _ := http.NewRequest("GET", "/tracker", nil)
		answer := &recorder{header: http.Header{}}
		w.tracker.ServeHTTP(answer, r)
		if answer.status != http.StatusUpgradeRequired || answer.header.Get("Upgrade") != "websocket" {
			t.Errorf("plain GET: %+v", answer)
		}
	})
}

func TestAllowedOrigins(t *testing.T) {
	for _, c := range []struct {
		name, origin, host string
		allowed            []string
		want               bool
	}{
		{"none sent", "", "shoal.example", nil, true},
		{"same host", "https://shoal.example", "shoal.example", nil, true},
		{"same host, other case", "https://Shoal.Example", "shoal.example", nil, true},
		{"other port", "https://shoal.example:8443", "shoal.example", nil, false},
		{"other host", "https://evil.example", "shoal.example", nil, false},
		{"suffix", "https://evil-shoal.example", "shoal.example", nil, false},
		{"null", "null", "shoal.example", nil, false},
		{"listed", "https://tv.example", "shoal.example", []string{"https://tv.example"}, true},
		{"listed, other scheme", "http://tv.example", "shoal.example", []string{"https://tv.example"}, false},
		{"any", "https://evil.example", "shoal.example", []string{"*"}, true},
	} {
		tracker, err := New(Config{AllowedOrigins: c.allowed})
		if err != nil {
			t.Fatal(err)
		}
		r := &http.Request{Host: c.host, Header: http.Header{}}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if got := tracker.allowed(r); got != c.want {
			t.Errorf("%s: allowed %v, want %v", c.name, got, c.want)
		}
	}
}

func TestConfig(t *testing.T) {
	for name, config := range map[string]Config{
		"cell of one":       {CellSize: 1},
		"cell too large":    {CellSize: wire.MaxMembers + 1},
		"half a second":     {BeaconInterval: 500 * time.Millisecond},
		"too long between":  {BeaconInterval: time.Hour},
		"negative rate":     {JoinsPerSecond: -1},
		"negative number":   {MaxViewers: -1},
		"burst too small":   {MessageBurst: 3},
		"too many servers":  {ICEServers: make([]wire.ICEServer, wire.MaxICEServers+1)},
		"long credential":   {ICEServers: []wire.ICEServer{{Credential: strings.Repeat("a", 256)}}},
		"whose region":      {RegionHeader: "X-Region"},
		"whose AS":          {ASHeader: "X-AS"},
		"negative roots":    {Roots: -1},
		"negative tokens":   {ViewersPerToken: -1},
		"negative joins":    {JoinsPerToken: -1},
		"negative prefix":   {PerPrefix: -1},
		"one of a prefix":   {PerPrefix: 1},
		"no number":         {StreamsPerSecond: math.NaN()},
		"whose audience":    {Audience: "a"},
		"origin with path":  {AllowedOrigins: []string{"https://tv.example/"}},
		"origin, no scheme": {AllowedOrigins: []string{"tv.example"}},
	} {
		if _, err := New(config); err == nil || !strings.HasPrefix(err.Error(), "tracker: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type recorder struct {
	header http.Header
	status int
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }

// broken is an answer that cannot be taken over.
type broken struct{ http.ResponseWriter }

func (broken) Hijack() (net.Conn, *bufio.ReadWriter, error) { panic("hijack") }

// TestAPanicInTheHandshakeHoldsNothing: neither the socket nor its address's place is counted on, and the tracker ends.
func TestAPanicInTheHandshakeHoldsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		r := httptest.NewRequest("GET", "/tracker", nil)
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
		} {
			r.Header.Set(name, value)
		}
		func() {
			defer func() {
				if recover() != "hijack" {
					t.Error("nothing panicked")
				}
			}()
			w.tracker.ServeHTTP(broken{httptest.NewRecorder()}, r)
		}()
		if w.tracker.sockets != 0 || w.tracker.places.Len() != 0 {
			t.Errorf("%d sockets are counted, %d addresses hold places", w.tracker.sockets, w.tracker.places.Len())
			w.tracker.running.Done() // or the world never ends
		}
	})
}
