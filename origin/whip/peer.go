package whip

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// port is the one UDP port of all sessions.
type port struct {
	mux       ice.UDPMux
	addresses []string
}

// listen opens the port. An address without a host is opened on every interface by itself, so that an answer leaves
// from the address it was asked at.
func listen(addr string) (*port, error) {
	host, number, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("whip: %w", err)
	}
	p := &port{}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("whip: port of %q: %w", addr, err)
		}
		mux, err := ice.NewMultiUDPMuxFromPort(int(n), ice.UDPMuxFromPortWithLoopback())
		if err != nil {
			return nil, fmt.Errorf("whip: %w", err)
		}
		p.mux = mux
	} else {
		at, err := net.ResolveUDPAddr("udp", addr)
		if err != nil {
			return nil, fmt.Errorf("whip: %w", err)
		}
		c, err := net.ListenUDP("udp", at)
		if err != nil {
			return nil, fmt.Errorf("whip: %w", err)
		}
		p.mux = webrtc.NewICEUDPMux(nil, c)
	}
	for _, a := range p.mux.GetListenAddresses() {
		p.addresses = append(p.addresses, a.String())
	}
	return p, nil
}

// connect makes a peer connection that takes exactly the codecs of the offer.
func (p *port) connect(o offer, publicIPs []string) (*webrtc.PeerConnection, error) {
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
		webrtc.ConfigureNack(engine, registry),
		webrtc.ConfigureRTCPReports(registry),
		webrtc.ConfigureTWCCSender(engine, registry),
	)
	var settings webrtc.SettingEngine
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
