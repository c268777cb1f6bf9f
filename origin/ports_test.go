package origin

import (
	"testing"
	"time"
)

// TestPorts: without a word broadcasters find the origin where their programs look for it.
//
// Clause: rtmp-port, whip-one-port
func TestPorts(t *testing.T) {
	var c Config
	if err := c.validate(); err != nil || c.RTMPAddr != ":1935" || c.WebRTCAddr != ":8189" {
		t.Errorf("RTMP at %q, WebRTC at %q: %v", c.RTMPAddr, c.WebRTCAddr, err)
	}
}

// TestGraceByDefault: OBS tries to come back for 50 s; without a word it is waited for longer than that.
//
// Clause: rtmp-reconnect
func TestGraceByDefault(t *testing.T) {
	var c Config
	if err := c.validate(); err != nil || c.streams().Grace != time.Minute {
		t.Errorf("streams wait for %v: %v", c.streams().Grace, err)
	}
}

// TestCertificateWithoutPort says what is missing.
//
// Clause: rtmps
func TestCertificateWithoutPort(t *testing.T) {
	for _, c := range []Config{{TLSCert: "cert.pem"}, {TLSKey: "key.pem"}, {RTMPSAddr: ":1936"}} {
		c.Data = t.TempDir()
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}
