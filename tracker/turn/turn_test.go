package turn

import (
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/logging"
	pion "github.com/pion/turn/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs a server on loopback until the test ends.
func serve(t testing.TB, config Config) *Server {
	t.Helper()
	config.Addr = "127.0.0.1:0"
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	if err := s.Listen(ctx); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := s.Counts().Open; n != 0 {
			t.Errorf("%d relays are open after Run", n)
		}
		if _, ok := s.Bound(); ok {
			t.Error("bound after Run")
		}
	})
	return s
}

// come returns a viewer's side of an allocation, or why there is none.
func come(t testing.TB, s *Server, user, secret string) (net.PacketConn, error) {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at, _ := s.Bound()
	c, err := pion.NewClient(&pion.ClientConfig{
		STUNServerAddr: at.String(), TURNServerAddr: at.String(), Conn: conn, Username: user, Password: secret,
		LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); conn.Close() })
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	relayed, err := c.Allocate()
	if err == nil {
		t.Cleanup(func() { relayed.Close() })
	}
	return relayed, err
}

func welcome(t testing.TB, s *Server) net.PacketConn {
	t.Helper()
	user, secret := s.Credentials(time.Now())
	relayed, err := come(t, s, user, secret)
	if err != nil {
		t.Fatal("allocate:", err)
	}
	return relayed
}

func TestRelayToRelay(t *testing.T) {
	s := serve(t, Config{Closed: true, MinPort: 20000, MaxPort: 20999})
	a, b := welcome(t, s), welcome(t, s)
	for _, c := range []net.PacketConn{a, b} {
		if at := addrOf(c.LocalAddr()); at != s.PublicIP() {
			t.Errorf("a relay at %v, want %v", at, s.PublicIP())
		}
		if port := c.LocalAddr().(*net.UDPAddr).Port; port < 20000 || port > 20999 {
			t.Errorf("a relay at port %d", port)
		}
	}
	// b lets a in by asking for it; what it says meanwhile may be lost.
	if _, err := b.WriteTo([]byte("are you there"), a.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.WriteTo([]byte("hello"), b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	b.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, from, err := b.ReadFrom(got)
	if err != nil || string(got[:n]) != "hello" || from.String() != a.LocalAddr().String() {
		t.Fatalf("%q from %v, %v", got[:n], from, err)
	}
	if c := s.Counts(); c.Open != 2 || c.Allocations != 2 || c.Bytes < 10 || c.Denied != 0 {
		t.Errorf("%+v", c)
	}
}

func TestCredentials(t *testing.T) {
	s := serve(t, Config{Lifetime: time.Hour})
	other, _ := New(Config{})
	user, secret := s.Credentials(time.Now())
	old, oldSecret := s.Credentials(time.Now().Add(-2 * time.Hour))
	longer := strings.Replace(user, ":", "0:", 1)
	foreign, foreignSecret := other.Credentials(time.Now())
	for name, c := range map[string][2]string{
		"none": {"x", ""}, "another's secret": {user, oldSecret}, "expired": {old, oldSecret}, "made to last": {longer, secret},
		"of another server": {foreign, foreignSecret}, "no time": {"me", s.password("me")}, "endless": {user + strings.Repeat("x", 99), s.password(user + strings.Repeat("x", 99))},
	} {
		before := s.Counts().Unknown
		if _, err := come(t, s, c[0], c[1]); err == nil {
			t.Errorf("%s: let in", name)
		}
		if s.Counts().Unknown == before {
			t.Errorf("%s: not counted", name)
		}
	}
	if _, err := come(t, s, user, secret); err != nil {
		t.Error("own credentials:", err)
	}
	if again, _ := s.Credentials(time.Now()); again == user {
		t.Error("two viewers have the same name")
	}
}

func TestPeers(t *testing.T) {
	parse := netip.MustParseAddr
	stranger, neighbour, own := parse("203.0.113.9"), parse("10.1.1.1"), parse("10.2.2.2")
	lan := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.0.0/16")}
	for _, c := range []struct {
		name   string
		config Config
		client netip.Addr
		peer   string
		want   bool
	}{
		{"the Internet", Config{}, stranger, "198.51.100.1", true},
		{"the Internet, IPv6", Config{}, stranger, "2001:db8::1", true},
		{"private", Config{}, stranger, "10.0.0.1", false},
		{"private, mapped", Config{}, stranger, "::ffff:192.168.0.1", false},
		{"a carrier's NAT", Config{}, stranger, "100.64.0.1", false},
		{"metadata of clouds", Config{}, stranger, "169.254.169.254", false},
		{"unique local", Config{}, stranger, "fd00::1", false},
		{"loopback", Config{}, stranger, "127.0.0.2", false},
		{"unspecified", Config{}, stranger, "0.0.0.0", false},
		{"multicast", Config{}, stranger, "224.0.0.251", false},
		{"own", Config{PublicIP: parse("198.51.100.1")}, stranger, "198.51.100.1", true},
		{"shared", Config{Shared: lan}, neighbour, "10.9.9.9", true},
		{"shared, of another network", Config{Shared: lan}, neighbour, "192.168.1.1", true},
		{"shared, mapped", Config{Shared: lan}, parse("::ffff:10.1.1.1"), "::ffff:10.9.9.9", true},
		{"shared, but not with strangers", Config{Shared: lan}, stranger, "192.168.1.1", false},
		{"shared, but not with nobody", Config{Shared: lan}, netip.Addr{}, "192.168.1.1", false},
		{"shared, by a proxy or NAT", Config{Shared: lan, PublicIP: parse("198.51.100.1")}, neighbour, "10.9.9.9", false},
		{"shared, in containers of a LAN", Config{Shared: lan, PublicIP: parse("10.0.0.7")}, neighbour, "10.9.9.9", true},
		{"shared, by a proxy here", Config{Shared: lan}, own, "10.9.9.9", false},
		{"shared, by a proxy here, mapped", Config{Shared: lan}, parse("::ffff:10.2.2.2"), "10.9.9.9", false},
		{"shared, by a proxy here, over loopback", Config{Shared: append(lan, netip.MustParsePrefix("127.0.0.0/8"))}, parse("127.0.0.1"), "10.9.9.9", false},
		{"private, for a private client", Config{}, neighbour, "10.9.9.9", false},
		{"shared loopback", Config{Shared: append(lan, netip.MustParsePrefix("127.0.0.0/8"))}, neighbour, "127.0.0.2", false},
		{"shared link-local", Config{Shared: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}, neighbour, "169.254.169.254", false},
		{"closed", Config{Closed: true}, stranger, "198.51.100.1", false},
		{"closed, shared", Config{Closed: true, Shared: lan}, neighbour, "10.9.9.9", false},
		{"closed, another tracker", Config{Closed: true, Peers: []netip.Prefix{netip.MustParsePrefix("198.51.100.1/32")}}, stranger, "198.51.100.1", true},
	} {
		s, err := New(c.config)
		if err != nil {
			t.Fatal(err)
		}
		s.place(netip.IPv6Unspecified())
		s.own = append(s.own, own)
		if got := s.permit(c.client, net.ParseIP(c.peer)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if denied := s.Counts().Denied == 1; denied == c.want {
			t.Errorf("%s: counted as denied: %v", c.name, denied)
		}
		if c.name == "own" { // by its relays' ports, which nobody has here
			c.want = false
		}
		if _, got := s.inside(c.client, netip.AddrPortFrom(parse(c.peer), 53)); got != c.want {
			t.Errorf("%s: a packet passes: %v", c.name, got)
		}
	}
}

// TestSharedNetworksAreForThoseInThem has packets sent through relays, of clients that are in no shared network: a stranger, and who
// comes by this machine.
func TestSharedNetworksAreForThoseInThem(t *testing.T) {
	for name, shared := range map[string]string{"by this machine": "0.0.0.0/0", "a stranger": "192.168.0.0/16"} {
		s := serve(t, Config{Shared: []netip.Prefix{netip.MustParsePrefix(shared)}})
		a := welcome(t, s) // by loopback
		_, err := a.WriteTo([]byte("who is there"), &net.UDPAddr{IP: net.IPv4(192, 168, 213, 254), Port: 9})
		if err == nil || s.Counts().Denied == 0 {
			t.Errorf("%s: %v, %+v", name, err, s.Counts())
		}
	}
}

// TestAPortHasOneRelay: one that closes late does not take off the map who has its port by then.
func TestAPortHasOneRelay(t *testing.T) {
	s, err := New(Config{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	s.place(netip.MustParseAddr("127.0.0.1"))
	open := func() *relay {
		conn, at, err := (generator{s}).AllocatePacketConn(pion.AllocateListenerConfig{Network: "udp4"})
		if err != nil {
			t.Fatal(err)
		}
		s.assign(at, netip.MustParseAddr("203.0.113.9"))
		return conn.(*relay)
	}
	old, next := open(), open()
	if next.client != netip.MustParseAddr("203.0.113.9") {
		t.Errorf("it is %v's", next.client)
	}
	s.mu.Lock()
	s.relays[old.port] = next
	s.mu.Unlock()
	old.Close()
	if !s.isRelay(old.port) {
		t.Error("the port's relay is forgotten")
	}
	s.mu.Lock()
	delete(s.relays, old.port)
	s.mu.Unlock()
	next.Close()
	if n := s.Counts().Open; n != 0 {
		t.Errorf("%d relays are open", n)
	}
}

// TestOwnServices: a relay's permission for the server's address is for its relays, and for nothing else there.
func TestOwnServices(t *testing.T) {
	service, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	s := serve(t, Config{})
	a, b := welcome(t, s), welcome(t, s)
	b.WriteTo([]byte("come in"), a.LocalAddr())
	if _, err := a.WriteTo([]byte("attack"), service.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	a.WriteTo([]byte("hello"), b.LocalAddr())
	got := make([]byte, 100)
	b.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, _, err := b.ReadFrom(got); err != nil || string(got[:n]) != "hello" { // so the attack has been handled
		t.Fatalf("%q, %v", got[:n], err)
	}
	service.WriteTo([]byte("in by the window"), a.LocalAddr())
	b.WriteTo([]byte("after it"), a.LocalAddr())
	a.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		n, from, err := a.ReadFrom(got)
		if err != nil {
			t.Fatal(err)
		}
		if from.String() == service.LocalAddr().String() {
			t.Errorf("%q came from a service of this machine", got[:n])
		}
		if string(got[:n]) == "after it" {
			break
		}
	}
	service.SetReadDeadline(time.Now())
	if n, _, err := service.ReadFrom(got); err == nil {
		t.Errorf("the service was sent %q", got[:n])
	}
	if s.Counts().Denied == 0 {
		t.Error("not counted as denied")
	}
}

func TestQuotas(t *testing.T) {
	s := serve(t, Config{AllocationsPerUser: 2, Allocations: 3})
	user, secret := s.Credentials(time.Now())
	var mine []net.PacketConn
	for range 2 {
		c, err := come(t, s, user, secret)
		if err != nil {
			t.Fatal(err)
		}
		mine = append(mine, c)
	}
	if _, err := come(t, s, user, secret); err == nil {
		t.Error("a user has more than its share")
	}
	welcome(t, s)
	other, otherSecret := s.Credentials(time.Now())
	if _, err := come(t, s, other, otherSecret); err == nil {
		t.Error("more allocations than there may be")
	}
	if c := s.Counts(); c.Full < 2 || c.Open != 3 { // who is not answered soon asks once more
		t.Errorf("%+v", c)
	}
	mine[0].Close()
	for deadline := time.Now().Add(5 * time.Second); ; {
		_, err := come(t, s, user, secret)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a place that was given back is not given again:", err)
		}
	}

	there := netip.MustParseAddr("203.0.113.5")
	s, err := New(Config{Allocations: 8})
	if err != nil {
		t.Fatal(err)
	}
	s.count("a", there, +1)
	s.count("b", there.Next(), +1)
	if s.admit("c", there.Next().Next()) {
		t.Error("a network has more than its share")
	}
	if !s.admit("c", netip.MustParseAddr("203.0.114.5")) {
		t.Error("one network takes another's share")
	}
	s.count("a", there, -1)
	s.count("b", there, -1)
	if len(s.users)+len(s.networks) != 0 {
		t.Error("what is gone is remembered")
	}
}

func TestBytesAreBounded(t *testing.T) {
	for name, config := range map[string]Config{"of one": {BytesPerSecond: 5000}, "in all": {TotalBytesPerSecond: 5000}} {
		s := serve(t, config)
		a, b := welcome(t, s), welcome(t, s)
		b.WriteTo([]byte("come in"), a.LocalAddr())
		began := time.Now()
		for s.Counts().Dropped < 80_000 {
			if _, err := a.WriteTo(make([]byte, 1000), b.LocalAddr()); err != nil || time.Since(began) > 10*time.Second {
				t.Fatalf("%s: %v, %+v", name, err, s.Counts())
			}
		}
		if most := 5000 * (2 + time.Since(began).Seconds()) * 2; float64(s.Counts().Bytes) > most {
			t.Errorf("%s: %d bytes went through, want %.0f at most", name, s.Counts().Bytes, most)
		}
	}
}

func TestConfig(t *testing.T) {
	for name, c := range map[string]Config{
		"ports": {MinPort: 2000, MaxPort: 1000}, "negative": {Allocations: -1}, "lifetime": {Lifetime: -1},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	s, err := New(Config{Addr: "nowhere"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(t.Context()); err == nil {
		t.Error("listens nowhere")
	}
}
