package rtctest

import (
	"testing"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/origin/rtc"
)

// Loopback has ICE stay on this machine, and by networks of some kinds only where they are named.
func Loopback(kinds ...webrtc.NetworkType) (settings webrtc.SettingEngine) {
	if len(kinds) > 0 {
		settings.SetNetworkTypes(kinds)
	}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	return settings
}

// Peer makes a peer connection with the codecs that pion has, which is closed when the test is over.
func Peer(t testing.TB, kinds ...webrtc.NetworkType) *webrtc.PeerConnection {
	t.Helper()
	engine := &webrtc.MediaEngine{}
	if err := engine.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(Loopback(kinds...))).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	return pc
}

// Offer makes an offer with all candidates.
func Offer(t testing.TB, pc *webrtc.PeerConnection, options *webrtc.OfferOptions) string {
	t.Helper()
	offer, err := pc.CreateOffer(options)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return pc.LocalDescription().SDP
}

// Answer takes the answer to an offer.
func Answer(t testing.TB, pc *webrtc.PeerConnection, sdp string) {
	t.Helper()
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		t.Fatal(err)
	}
}

// Restarted takes what an ICE restart was answered with: the answer that pc has, with other credentials and candidates.
func Restarted(t testing.TB, pc *webrtc.PeerConnection, fragment string) {
	t.Helper()
	f, err := rtc.ParseFragment(fragment)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := rtc.Renew(pc.CurrentRemoteDescription().SDP, f.Ufrag, f.Pwd)
	if err != nil {
		t.Fatal(err)
	}
	Answer(t, pc, answer)
	for _, candidate := range f.Candidates {
		if err := pc.AddICECandidate(candidate); err != nil {
			t.Fatal(err)
		}
	}
}
