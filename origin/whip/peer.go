package whip

import (
	"errors"
	"fmt"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/origin/rtc"
)

// connect makes a peer connection that takes exactly the codecs of the offer.
func connect(port *rtc.Port, o offer, log rtc.Aside) (*webrtc.PeerConnection, error) {
	engine := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	var errs []error
	for _, c := range o.video {
		errs = append(errs, engine.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: codings[o.coding].mime, ClockRate: 90000, SDPFmtpLine: c.FMTP, RTCPFeedback: feedback,
			},
			PayloadType: webrtc.PayloadType(c.Payload),
		}, webrtc.RTPCodecTypeVideo))
	}
	for _, c := range o.audio {
		errs = append(errs, engine.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: uint16(c.Channels), SDPFmtpLine: c.FMTP,
			},
			PayloadType: webrtc.PayloadType(c.Payload),
		}, webrtc.RTPCodecTypeAudio))
	}
	if len(o.layers) > 0 {
		errs = append(errs, webrtc.ConfigureSimulcastExtensionHeaders(engine))
	}
	registry := &interceptor.Registry{}
	errs = append(errs,
		webrtc.ConfigureNackWithOptions(engine, registry,
			[]nack.GeneratorOption{nack.WithGeneratorLoggerFactory(log)}, nack.WithResponderLoggerFactory(log)),
		webrtc.ConfigureRTCPReportsWithOptions(registry,
			[]report.ReceiverOption{report.WithReceiverLoggerFactory(log)}, report.WithSenderLoggerFactory(log)),
		webrtc.ConfigureTWCCSenderWithOptions(engine, registry, twcc.WithLoggerFactory(log)),
	)
	settings, err := port.Settings()
	settings.SetIgnoreRidPauseForRecv(true) // a layer that begins paused is taken when it comes
	errs = append(errs, err)
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
