package rtc

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestPort: it can be opened again after it was closed, and has settings only while it is open.
//
// Clause: whip-one-port
func TestPort(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", ":0"} {
		p := New(Config{Addr: addr, PublicIPs: []string{"203.0.113.7"}, Log: quiet()})
		if _, err := p.Settings(); !errors.Is(err, ErrClosed) || p.Addresses() != nil {
			t.Errorf("before Listen: %v, %v", err, p.Addresses())
		}
		for range 2 {
			if err := p.Listen(); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Settings(); err != nil {
				t.Error(err)
			}
			all := p.Addresses()
			_, number, _ := net.SplitHostPort(all[0])
			if all[len(all)-1] != "203.0.113.7:"+number {
				t.Errorf("told: %v", all)
			}
			for _, a := range all {
				if !strings.HasSuffix(a, ":"+number) {
					t.Errorf("two numbers: %v", all)
				}
			}
			c, err := net.Dial("tcp", "127.0.0.1:"+number)
			if err != nil {
				t.Errorf("TCP is not taken at the number of UDP: %v", err)
			} else {
				_ = c.Close()
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestPortTaken(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	p := New(Config{Addr: ln.Addr().String(), Log: quiet()})
	if err := p.Listen(); !errors.Is(err, syscall.EADDRINUSE) || p.Addresses() != nil {
		t.Fatal(err)
	}
	c, err := net.ListenPacket("udp", ln.Addr().String())
	if err != nil {
		t.Fatal("UDP was not given back:", err)
	}
	_ = c.Close()
}

// TestAdvertised reads what an answer tells, and what the log says of it.
//
// Clause: whip-public-ip, whip-ice-tcp
func TestAdvertised(t *testing.T) {
	for public, hint := range map[string]bool{"203.0.113.7": false, "": true} {
		var said bytes.Buffer
		config := Config{Addr: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(&said, nil))}
		if public != "" {
			config.PublicIPs = []string{public}
		}
		p := New(config)
		if err := p.Listen(); err != nil {
			t.Fatal(err)
		}
		own := p.Addresses()[0]
		if s := said.String(); !strings.Contains(s, own) || !strings.Contains(s, public) || strings.Contains(s, "hint=") != hint {
			t.Errorf("%q: %s", public, s)
		}
		settings, err := p.Settings()
		if err != nil {
			t.Fatal(err)
		}
		pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pc.CreateDataChannel("x", nil); err != nil {
			t.Fatal(err)
		}
		offer, err := pc.CreateOffer(nil)
		if err != nil {
			t.Fatal(err)
		}
		gathered := webrtc.GatheringCompletePromise(pc)
		if err := pc.SetLocalDescription(offer); err != nil {
			t.Fatal(err)
		}
		<-gathered
		_, number, _ := net.SplitHostPort(own)
		for _, ip := range append(config.PublicIPs, "127.0.0.1") {
			for _, want := range []string{
				" udp \\d+ " + ip + " " + number + " typ host",
				" tcp \\d+ " + ip + " " + number + " typ host tcptype passive",
			} {
				if !regexp.MustCompile(want).MatchString(pc.LocalDescription().SDP) {
					t.Errorf("no candidate like %s in %s", want, pc.LocalDescription().SDP)
				}
			}
		}
		if err := errors.Join(pc.GracefulClose(), p.Close()); err != nil {
			t.Error(err)
		}
	}
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// TestCallers: one too many of one address, or of all, is let go at once and counted, and who leaves makes room.
func TestCallers(t *testing.T) {
	shed := 0
	l := newCallers(nil, func() { shed++ })
	from := func(text string) net.Conn {
		return l.enter(&fake{from: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(text))})
	}
	var own []net.Conn
	for range maxFromOne {
		own = append(own, from("[2001:db8::1]:1"))
	}
	if from("[2001:db8::2]:1") != nil {
		t.Error("one too many of a /64")
	}
	if from("[2001:db8:0:1::1]:1") == nil || from("192.0.2.1:1") == nil {
		t.Error("others have no room")
	}
	_, _ = own[0].Close(), own[0].Close()
	if from("[2001:db8::3]:1") == nil || from("[2001:db8::3]:1") != nil {
		t.Error("one that left, twice, made room for another than one")
	}
	for n := len(l.open); n < maxCallers; n++ {
		if from(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}).String()+":1") == nil {
			t.Fatal("no room for", n)
		}
	}
	if from("192.0.2.9:1") != nil {
		t.Error("one too many")
	}
}

// TestOutOfDescriptors: a listener that fails for a while takes connections afterwards.
//
// Clause: hostile
func TestOutOfDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, _ := net.ResolveTCPAddr("tcp", "192.0.2.1:1")
		ln := &poor{fails: 3, then: &fake{from: at}}
		shed := 0
		l := newCallers(ln, func() { shed++ })
		began := time.Now()
		c, err := l.Accept()
		if err != nil || c == nil || shed != 3 || time.Since(began) != 3*breath {
			t.Fatalf("%v, %v, %d shed after %v", c, err, shed, time.Since(began))
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}

// poor is a listener that has no descriptors for so many connections, then one, and is closed.
type poor struct {
	net.Listener
	fails int
	then  net.Conn
}

func (p *poor) Accept() (c net.Conn, err error) {
	if p.fails--; p.fails >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	if c, p.then = p.then, nil; c == nil {
		return nil, net.ErrClosed
	}
	return c, nil
}

type fake struct {
	net.Conn
	from net.Addr
}

func (f *fake) RemoteAddr() net.Addr { return f.from }
func (f *fake) Close() error         { return nil }

// TestSilentCallers: who connects and says nothing is closed with the port, and does not hold it up.
func TestSilentCallers(t *testing.T) {
	shed := make(chan struct{}, 1000)
	p := New(Config{Addr: "127.0.0.1:0", Shed: func() { shed <- struct{}{} }, Log: quiet()})
	if err := p.Listen(); err != nil {
		t.Fatal(err)
	}
	for range maxFromHere + 1 {
		c, err := net.Dial("tcp", p.Addresses()[0])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	<-shed
	began := time.Now()
	if err := p.Close(); err != nil || time.Since(began) > firstWord/2 {
		t.Error(err, time.Since(began))
	}
}

// Clause: whip-restart
func TestFragments(t *testing.T) {
	const offer = "v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-options:trickle\r\n" +
		"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=sendonly\r\n" +
		"a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n" +
		"m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
	text, err := FragmentOf(offer)
	if want := "a=ice-options:trickle\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:abcd\r\n" +
		"a=ice-pwd:abcdefghijklmnopqrstuv\r\na=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n"; err != nil || text != want {
		t.Fatal(err, text)
	}
	f, err := ParseFragment(text)
	if err != nil || f.Ufrag != "abcd" || f.Pwd != "abcdefghijklmnopqrstuv" || len(f.Candidates) != 1 || *f.Candidates[0].SDPMid != "0" {
		t.Fatalf("%+v, %v", f, err)
	}
	renewed, err := Renew(offer, "efgh", "vutsrqponmlkjihgfedcba")
	if err != nil || strings.Contains(renewed, "abcd") || strings.Count(renewed, "a=ice-ufrag:efgh\r\n") != 2 ||
		strings.Count(renewed, "a=ice-pwd:vutsrqponmlkjihgfedcba\r\n") != 2 || strings.Contains(renewed, "candidate") || !strings.Contains(renewed, "o=- 7 3 ") {
		t.Fatal(err, renewed)
	}
	if ufrag, pwd := Credentials(renewed); ufrag != "efgh" || pwd != "vutsrqponmlkjihgfedcba" {
		t.Error(ufrag, pwd)
	}
}

func FuzzParseFragment(f *testing.F) {
	f.Add("a=ice-ufrag:x\r\na=mid:0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		if fragment, err := ParseFragment(s); err == nil && len(fragment.Candidates) > MaxCandidates {
			t.Fatal(len(fragment.Candidates))
		}
		if renewed, err := Renew(s, "efgh", "vutsrqponmlkjihgfedcba"); err == nil {
			_, _ = FragmentOf(renewed)
		}
	})
}

// TestRefusedRestart: a restart that the connection does not take is no fault of the server's, and the ETag stays.
//
// Clause: whip-failed-restart
func TestRefusedRestart(t *testing.T) {
	var sides [2]*webrtc.PeerConnection
	for i := range sides {
		pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			t.Fatal(err)
		}
		defer pc.GracefulClose()
		sides[i] = pc
	}
	if _, err := sides[0].CreateDataChannel("any", nil); err != nil {
		t.Fatal(err)
	}
	offer, err := sides[0].CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	n, _, err := Negotiate(t.Context(), sides[1], offer.SDP, make(chan struct{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	before := n.ETag()
	if err := sides[1].GracefulClose(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPatch, "/", strings.NewReader("a=ice-ufrag:abcdefgh\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"))
	r.Header.Set("Content-Type", TypeFragment)
	r.Header.Set("If-Match", "*")
	status := 0
	session := NewSession("demo")
	session.Negotiation = n
	anew := session.servePatch(httptest.NewRecorder(), r, func(_ http.ResponseWriter, s int, _ string) { status = s })
	if anew || status != http.StatusUnprocessableEntity || n.ETag() != before {
		t.Errorf("%d, begun anew: %v, ETag %s after %s", status, anew, n.ETag(), before)
	}
}
