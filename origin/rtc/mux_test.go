package rtc

import (
	"net"
	"strconv"
	"testing"

	"github.com/pion/webrtc/v4"
)

// TestMux has three sessions at once on one port: each gets what its own peer sends, by the port's number and no other.
//
// Clause: whip-one-port
func TestMux(t *testing.T) {
	p := New(Config{Addr: "127.0.0.1:0", Log: quiet()})
	if err := p.Listen(); err != nil {
		t.Fatal(err)
	}
	_, number, _ := net.SplitHostPort(p.Addresses()[0])
	var calls []*call
	for range 3 {
		calls = append(calls, newCall(t, p))
	}
	for n, c := range calls {
		c.send <- "from " + strconv.Itoa(n)
	}
	for n, c := range calls {
		if got, want := <-c.got, "from "+strconv.Itoa(n); got != want {
			t.Errorf("session %d got what was sent %s", n, got)
		}
		for name, of := range map[string]*webrtc.PeerConnection{"session": c.here, "peer": c.peer} {
			pair, err := of.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
			if err != nil {
				t.Fatal(err)
			}
			at := pair.Local
			if name == "peer" {
				at = pair.Remote
			}
			if strconv.Itoa(int(at.Port)) != number || at.Protocol != webrtc.ICEProtocolUDP {
				t.Errorf("%s %d: media go by %v, want port %s", name, n, at, number)
			}
		}
	}
	for _, c := range calls {
		c.close(t)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// call is a session on a port, and its peer, which sends it a text.
type call struct {
	here, peer *webrtc.PeerConnection
	send, got  chan string
}

func newCall(t *testing.T, p *Port) *call {
	t.Helper()
	settings, err := p.Settings()
	if err != nil {
		t.Fatal(err)
	}
	var alone webrtc.SettingEngine
	alone.SetIncludeLoopbackCandidate(true)
	alone.SetIPFilter(net.IP.IsLoopback)
	c := &call{send: make(chan string, 1), got: make(chan string, 1)}
	if c.here, err = webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{}); err != nil {
		t.Fatal(err)
	}
	if c.peer, err = webrtc.NewAPI(webrtc.WithSettingEngine(alone)).NewPeerConnection(webrtc.Configuration{}); err != nil {
		t.Fatal(err)
	}
	c.here.OnDataChannel(func(d *webrtc.DataChannel) {
		d.OnMessage(func(m webrtc.DataChannelMessage) { c.got <- string(m.Data) })
	})
	d, err := c.peer.CreateDataChannel("x", nil)
	if err != nil {
		t.Fatal(err)
	}
	d.OnOpen(func() {
		if err := d.SendText(<-c.send); err != nil {
			t.Error(err)
		}
	})
	describe := func(from, to *webrtc.PeerConnection, words func() (webrtc.SessionDescription, error)) {
		t.Helper()
		s, err := words()
		if err != nil {
			t.Fatal(err)
		}
		gathered := webrtc.GatheringCompletePromise(from)
		if err := from.SetLocalDescription(s); err != nil {
			t.Fatal(err)
		}
		<-gathered
		if err := to.SetRemoteDescription(*from.LocalDescription()); err != nil {
			t.Fatal(err)
		}
	}
	describe(c.peer, c.here, func() (webrtc.SessionDescription, error) { return c.peer.CreateOffer(nil) })
	describe(c.here, c.peer, func() (webrtc.SessionDescription, error) { return c.here.CreateAnswer(nil) })
	return c
}

func (c *call) close(t *testing.T) {
	t.Helper()
	for _, of := range []*webrtc.PeerConnection{c.peer, c.here} {
		if err := of.GracefulClose(); err != nil {
			t.Error(err)
		}
	}
}
