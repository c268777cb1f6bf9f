package rtc

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

// ErrClosed says that the port is not open.
var ErrClosed = errors.New("webrtc: the port for media is not open")

const (
	firstWord   = 5 * time.Second  // that a TCP connection has to say which session it is of
	unknown     = 10 * time.Second // that one may be of a session that is not there
	writeBuffer = 64 << 10         // what goes out is reports; more than that is dropped
	portTries   = 10               // for one number that is free for UDP and TCP
)

// Config is what a Port needs.
type Config struct {
	Addr      string   // host:port for media, UDP and TCP
	PublicIPs []string // told to peers besides the machine's own
	Shed      func()   // a TCP connection was one too many; nil: nobody counts
	Log       *slog.Logger
}

// Port is the one port of all sessions: media come by UDP, and by TCP at the same number where UDP is blocked (RFC 6544).
type Port struct {
	// static
	config Config

	mu        sync.Mutex
	udp       ice.UDPMux // nil while not open
	tcp       ice.TCPMux
	addresses []string
}

// New returns a port that is opened by Listen.
func New(config Config) *Port {
	if config.Shed == nil {
		config.Shed = func() {}
	}
	return &Port{config: config}
}

// Listen opens the port and says in the log where peers are told to send. An address without a host is opened on every
// interface by itself, so that an answer leaves from the address it was asked at.
func (p *Port) Listen() error {
	udp, tcp, err := p.open()
	if err != nil {
		return fmt.Errorf("webrtc: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.udp, p.tcp = udp, tcp
	p.addresses = p.advertised(udp.GetListenAddresses())
	p.tell()
	return nil
}

func (p *Port) open() (ice.UDPMux, ice.TCPMux, error) {
	host, _, err := net.SplitHostPort(p.config.Addr)
	if err != nil {
		return nil, nil, err
	}
	at, err := net.ResolveUDPAddr("udp", p.config.Addr)
	if err != nil {
		return nil, nil, err
	}
	all := host == "" || at.IP.IsUnspecified()
	for try := 1; ; try++ {
		udp, number, err := p.openUDP(at, all)
		if err != nil {
			return nil, nil, err
		}
		own := net.TCPAddr{Port: number}
		if !all {
			own.IP, own.Zone = at.IP, at.Zone
		}
		ln, err := net.ListenTCP("tcp", &own)
		if err == nil {
			return udp, ice.NewTCPMuxDefault(ice.TCPMuxParams{
				Listener: newCallers(ln, p.config.Shed), Logger: p.aside().NewLogger("ice-tcp"), WriteBufferSize: writeBuffer,
				FirstStunBindTimeout: firstWord, AliveDurationForConnFromStun: unknown,
			}), nil
		}
		_ = udp.Close()
		if at.Port != 0 || try == portTries {
			return nil, nil, err
		}
	}
}

func (p *Port) aside() Aside { return Aside{p.config.Log} }

// openUDP returns the number of the port too.
func (p *Port) openUDP(at *net.UDPAddr, all bool) (ice.UDPMux, int, error) {
	if all {
		return everywhere(at.Port, p.aside())
	}
	c, err := net.ListenUDP("udp", at)
	if err != nil {
		return nil, 0, err
	}
	return webrtc.NewICEUDPMux(p.aside().NewLogger("ice"), c), number(c), nil
}

func number(c *net.UDPConn) int { return c.LocalAddr().(*net.UDPAddr).Port }

// everywhere opens a port on every address of this machine. Addresses that serve one link alone are left out, and so
// are addresses that cannot be used yet, as they are for a second after an interface came up.
func everywhere(at int, log Aside) (ice.UDPMux, int, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, 0, err
	}
	var muxes []ice.UDPMux
	for _, a := range addresses {
		ip, ok := a.(*net.IPNet)
		if !ok || ip.IP.IsLinkLocalUnicast() {
			continue
		}
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: ip.IP, Port: at})
		if errors.Is(err, syscall.EADDRNOTAVAIL) {
			continue
		}
		if err != nil {
			for _, m := range muxes {
				m.Close()
			}
			return nil, 0, err
		}
		at = number(c) // if any would do, it is the same for all
		muxes = append(muxes, webrtc.NewICEUDPMux(log.NewLogger("ice"), c))
	}
	if len(muxes) == 0 {
		return nil, 0, errors.New("no address of this machine can be listened on")
	}
	return ice.NewMultiUDPMuxDefault(muxes...), at, nil
}

// advertised returns what peers are told: what is listened on, and the public addresses with the same number.
func (p *Port) advertised(listened []net.Addr) (all []string) {
	at := 0
	for _, a := range listened {
		all = append(all, a.String())
		if u, ok := a.(*net.UDPAddr); ok {
			at = u.Port
		}
	}
	for _, ip := range p.config.PublicIPs {
		all = append(all, net.JoinHostPort(ip, strconv.Itoa(at)))
	}
	return all
}

// tell says which addresses peers are told. That these are the wrong ones is why WebRTC does not connect in containers.
func (p *Port) tell() {
	reachable := false
	for _, a := range p.addresses {
		host, _, _ := net.SplitHostPort(a)
		ip := net.ParseIP(host)
		reachable = reachable || ip != nil && !ip.IsPrivate() && !ip.IsLoopback()
	}
	var hint []any
	if !reachable {
		hint = []any{"hint", "all are private: in a container, or for broadcasters elsewhere, add the address they reach this machine by: -public-ip"}
	}
	p.config.Log.Info("webrtc: media are taken by UDP and TCP, and peers are told these addresses", append([]any{"addresses", p.addresses}, hint...)...)
}

// Addresses returns what peers are told; nil while the port is not open.
func (p *Port) Addresses() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.udp == nil {
		return nil
	}
	return append([]string(nil), p.addresses...)
}

// Settings returns what a peer connection that uses the port is made with, or ErrClosed.
func (p *Port) Settings() (webrtc.SettingEngine, error) {
	p.mu.Lock()
	udp, tcp := p.udp, p.tcp
	p.mu.Unlock()
	settings := webrtc.SettingEngine{LoggerFactory: p.aside()}
	if udp == nil {
		return settings, ErrClosed
	}
	settings.SetICEUDPMux(udp)
	settings.SetICETCPMux(tcp)
	settings.SetNetworkTypes([]webrtc.NetworkType{
		webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
	})
	settings.DisableActiveTCP(true) // nobody can have this machine connect to whatever they name
	settings.SetIPFilter(func(ip net.IP) bool { return !ip.IsLinkLocalUnicast() })
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
	if p.udp == nil {
		return nil
	}
	err := errors.Join(p.udp.Close(), p.tcp.Close())
	p.udp, p.tcp = nil, nil
	if err != nil {
		return fmt.Errorf("webrtc: close the port: %w", err)
	}
	return nil
}
