package viewer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// maxMessage is what we tell peers they may send at once: a frame with the largest payload, and room.
const maxMessage = 256 << 10

// ports is a viewer's side of WebRTC: one UDP port per local address for all its links, and one certificate.
//
// The ports are a viewer's and not the process's: a mux tells links apart by the peer's address, and all viewers of a
// process would have the same.
type ports struct {
	api         *webrtc.API
	mux         *ice.MultiUDPMuxDefault
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
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	mux, err := ice.NewMultiUDPMuxFromPort(0, ice.UDPMuxFromPortWithLoopback(),
		ice.UDPMuxFromPortWithNetworks(ice.NetworkTypeUDP4), ice.UDPMuxFromPortWithLogger(quiet.NewLogger("ice")))
	if err != nil {
		return nil, fmt.Errorf("viewer: UDP ports: %w", err)
	}
	var set webrtc.SettingEngine
	set.LoggerFactory = quiet
	set.SetICEUDPMux(mux)
	set.SetIncludeLoopbackCandidate(true)
	set.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	set.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	set.SetSCTPMaxMessageSize(maxMessage)
	return &ports{
		api: webrtc.NewAPI(webrtc.WithSettingEngine(set), webrtc.WithMediaEngine(&webrtc.MediaEngine{}),
			webrtc.WithInterceptorRegistry(&interceptor.Registry{})),
		mux:         mux,
		certificate: *certificate,
	}, nil
}

func (p *ports) close() { p.mux.Close() }

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
