package whip

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/webrtc/v4"
)

// port is the one UDP port of all sessions.
type port struct {
	mux       ice.UDPMux
	addresses []string
}

// listen opens the port. An address without a host is opened on every interface by itself, so that an answer leaves
// from the address it was asked at.
func listen(addr string, log aside) (*port, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("whip: %w", err)
	}
	at, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, fmt.Errorf("whip: %w", err)
	}
	p := &port{}
	if host == "" || at.IP.IsUnspecified() {
		p.mux, err = everywhere(at.Port, log)
	} else {
		var c *net.UDPConn
		if c, err = net.ListenUDP("udp", at); err == nil {
			p.mux = webrtc.NewICEUDPMux(log, c)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("whip: %w", err)
	}
	for _, a := range p.mux.GetListenAddresses() {
		p.addresses = append(p.addresses, a.String())
	}
	return p, nil
}

// everywhere opens a port on every address of this machine. Addresses that serve one link alone are left out, and so
// are addresses that cannot be used yet, as they are for a second after an interface came up.
func everywhere(number int, log aside) (ice.UDPMux, error) {
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
		muxes = append(muxes, webrtc.NewICEUDPMux(log, c))
	}
	if len(muxes) == 0 {
		return nil, errors.New("no address of this machine can be listened on")
	}
	return ice.NewMultiUDPMuxDefault(muxes...), nil
}

// connect makes a peer connection that takes exactly the codecs of the offer.
func (p *port) connect(o offer, publicIPs []string, log aside) (*webrtc.PeerConnection, error) {
	engine := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	var errs []error
	for _, c := range o.video {
		errs = append(errs, engine.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: c.fmtp, RTCPFeedback: feedback,
			},
			PayloadType: webrtc.PayloadType(c.payload),
		}, webrtc.RTPCodecTypeVideo))
	}
	for _, c := range o.audio {
		errs = append(errs, engine.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: uint16(c.channels), SDPFmtpLine: c.fmtp,
			},
			PayloadType: webrtc.PayloadType(c.payload),
		}, webrtc.RTPCodecTypeAudio))
	}
	registry := &interceptor.Registry{}
	errs = append(errs,
		webrtc.ConfigureNackWithOptions(engine, registry,
			[]nack.GeneratorOption{nack.WithGeneratorLoggerFactory(log)}, nack.WithResponderLoggerFactory(log)),
		webrtc.ConfigureRTCPReportsWithOptions(registry,
			[]report.ReceiverOption{report.WithReceiverLoggerFactory(log)}, report.WithSenderLoggerFactory(log)),
		webrtc.ConfigureTWCCSenderWithOptions(engine, registry, twcc.WithLoggerFactory(log)),
	)
	settings := webrtc.SettingEngine{LoggerFactory: log}
	settings.SetICEUDPMux(p.mux)
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled) // a browser's mDNS candidates are learned from its checks
	if len(publicIPs) > 0 {
		errs = append(errs, settings.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{
			External: publicIPs, AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteAppend,
		}))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("whip: %w", err)
	}
	api := webrtc.NewAPI(
		webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(settings))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, fmt.Errorf("whip: %w", err)
	}
	return pc, nil
}
