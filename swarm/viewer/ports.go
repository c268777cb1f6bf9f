package viewer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"
	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/swarm/wire"
)

// maxMessage is what we tell peers they may send at once: a frame with the largest payload, and room.
const maxMessage = 256 << 10

// A link on which nothing comes is asked after, and given up.
const (
	keepalive = 5 * time.Second
	quietLink = 12 * time.Second
	deadLink  = 25 * time.Second
)

// ports is a viewer's side of WebRTC: how its links open their ports, and one certificate. Every link has a port of its own on each
// local address, as a browser's have: behind a port for all of them each datagram would be copied and a goroutine woken once more.
type ports struct {
	api         *webrtc.API
	certificate webrtc.Certificate
}

// NewCertificate draws a DTLS certificate; the viewers of one process may share it.
func NewCertificate() (*webrtc.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("viewer: certificate: %w", err)
	}
	c, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, fmt.Errorf("viewer: certificate: %w", err)
	}
	return c, nil
}

func openPorts(certificate *webrtc.Certificate) (*ports, error) {
	if certificate == nil {
		var err error
		if certificate, err = NewCertificate(); err != nil {
			return nil, err
		}
	}
	here, err := stdnet.NewNet() // what it finds out of the machine is the same for every link
	if err != nil {
		return nil, fmt.Errorf("viewer: network: %w", err)
	}
	loopback, err := onlyLoopback(here)
	if err != nil {
		return nil, fmt.Errorf("viewer: addresses: %w", err)
	}
	var set webrtc.SettingEngine
	set.LoggerFactory = quiet{}
	set.SetNet(sparing{here})
	set.SetIncludeLoopbackCandidate(loopback)
	set.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	set.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	set.SetICETimeouts(quietLink, deadLink-quietLink, keepalive)
	set.SetSCTPMaxMessageSize(maxMessage)
	set.EnableSCTPZeroChecksum(true) // DTLS checks already
	set.DetachDataChannels()         // see link.read
	return &ports{
		api: webrtc.NewAPI(webrtc.WithSettingEngine(set), webrtc.WithMediaEngine(&webrtc.MediaEngine{}),
			webrtc.WithInterceptorRegistry(&interceptor.Registry{})),
		certificate: *certificate,
	}, nil
}

// onlyLoopback tells whether links go by the loopback address. They do only where there is no other: viewers of one machine reach each other
// by any, and every address costs each link a port, goroutines and checks.
func onlyLoopback(here transport.Net) (bool, error) {
	interfaces, err := here.Interfaces()
	if err != nil {
		return false, err
	}
	for _, i := range interfaces {
		addresses, err := i.Addrs()
		if err != nil || i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
				return false, nil
			}
		}
	}
	return true, nil
}

// reach is how the links of a viewer come about, as the tracker says.
type reach struct {
	servers []webrtc.ICEServer
	flags   uint8 // of a wire.Welcome
}

func (r reach) policy() webrtc.ICETransportPolicy {
	if r.flags&wire.RelayOnly != 0 {
		return webrtc.ICETransportPolicyRelay
	}
	return webrtc.ICETransportPolicyAll
}

// hides tells whether a candidate of ours need not be signalled: the tracker would not pass it on.
func (r reach) hides(c *webrtc.ICECandidate) bool {
	if r.flags&wire.HideHost == 0 || c.Typ != webrtc.ICECandidateTypeHost {
		return false
	}
	ip := net.ParseIP(c.Address)
	return ip == nil || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
}

// iceServers reads the lines "URL\x00user\x00secret" of the scheduler's ICEServers action. A STUN server on this
// machine is left out: it could only tell us what we know.
func iceServers(text string) []webrtc.ICEServer {
	var list []webrtc.ICEServer
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\x00")
		if len(f) != 3 || strings.HasPrefix(f[0], "stun:") && onThisMachine(f[0]) {
			continue
		}
		s := webrtc.ICEServer{URLs: []string{f[0]}}
		if f[1] != "" {
			s.Username, s.Credential = f[1], f[2]
		}
		list = append(list, s)
	}
	return list
}

func onThisMachine(server string) bool {
	u, err := url.Parse(server)
	if err != nil {
		return true // of no use either
	}
	host, _, err := net.SplitHostPort(u.Opaque)
	if err != nil {
		host = u.Opaque
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
