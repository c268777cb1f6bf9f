package rtc

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"syscall"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

// ErrClosed says that the port is not open.
var ErrClosed = errors.New("webrtc: the port for media is not open")

// Config is what a Port needs.
type Config struct {
	Addr      string   // UDP host:port for media
	PublicIPs []string // told to peers besides the machine's own
	Log       *slog.Logger
}

// Port is the one UDP port of all sessions.
type Port struct {
	// static
	config Config

	mu        sync.Mutex
	mux       ice.UDPMux // nil while not open
	addresses []string
}

// New returns a port that is opened by Listen.
func New(config Config) *Port { return &Port{config: config} }

// Listen opens the port. An address without a host is opened on every interface by itself, so that an answer leaves
// from the address it was asked at.
func (p *Port) Listen() error {
	mux, err := p.open()
	if err != nil {
		return fmt.Errorf("webrtc: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mux, p.addresses = mux, nil
	for _, a := range mux.GetListenAddresses() {
		p.addresses = append(p.addresses, a.String())
	}
	return nil
}

func (p *Port) open() (ice.UDPMux, error) {
	host, _, err := net.SplitHostPort(p.config.Addr)
	if err != nil {
		return nil, err
	}
	at, err := net.ResolveUDPAddr("udp", p.config.Addr)
	if err != nil {
		return nil, err
	}
	if host == "" || at.IP.IsUnspecified() {
		return everywhere(at.Port, Aside{p.config.Log})
	}
	c, err := net.ListenUDP("udp", at)
	if err != nil {
		return nil, err
	}
	return webrtc.NewICEUDPMux(Aside{p.config.Log}.NewLogger("ice"), c), nil
}

// everywhere opens a port on every address of this machine. Addresses that serve one link alone are left out, and so
// are addresses that cannot be used yet, as they are for a second after an interface came up.
func everywhere(number int, log Aside) (ice.UDPMux, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var muxes []ice.UDPMux
	for _, a := range addresses {
		ip, ok := a.(*net.IPNet)
		if !ok || ip.IP.IsLinkLocalUnicast() {
			continue
		}
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: ip.IP, Port: number})
		if errors.Is(err, syscall.EADDRNOTAVAIL) {
			continue
		}
		if err != nil {
			for _, m := range muxes {
				m.Close()
			}
			return nil, err
		}
		muxes = append(muxes, webrtc.NewICEUDPMux(log.NewLogger("ice"), c))
	}
	if len(muxes) == 0 {
		return nil, errors.New("no address of this machine can be listened on")
	}
	return ice.NewMultiUDPMuxDefault(muxes...), nil
}

// Addresses returns what the port is open on, and the public addresses; nil while it is not open.
func (p *Port) Addresses() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mux == nil {
		return nil
	}
	return append(append([]string(nil), p.addresses...), p.config.PublicIPs...)
}

// Settings returns what a peer connection that uses the port is made with, or ErrClosed.
func (p *Port) Settings() (webrtc.SettingEngine, error) {
	p.mu.Lock()
	mux := p.mux
	p.mu.Unlock()
	settings := webrtc.SettingEngine{LoggerFactory: Aside{p.config.Log}}
	if mux == nil {
		return settings, ErrClosed
	}
	settings.SetICEUDPMux(mux)
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled) // a browser's mDNS candidates are learned from its checks
	if len(p.config.PublicIPs) > 0 {
		if err := settings.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{
			External: p.config.PublicIPs, AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteAppend,
		}); err != nil {
			return settings, fmt.Errorf("webrtc: %w", err)
		}
	}
	return settings, nil
}

// Close closes the port, if it is open. Sessions must have ended.
func (p *Port) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mux == nil {
		return nil
	}
	err := p.mux.Close()
	p.mux = nil
	if err != nil {
		return fmt.Errorf("webrtc: close the port: %w", err)
	}
	return nil
}
