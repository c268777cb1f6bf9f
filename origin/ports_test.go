package origin

import (
	"net"
	"testing"
)

// TestRTMPPort: who is told no port finds the one that every broadcaster's tool takes for granted.
//
// Clause: rtmp-port
func TestRTMPPort(t *testing.T) {
	var c Config
	if err := c.validate(); err != nil {
		t.Fatal(err)
	}
	if _, port, err := net.SplitHostPort(c.RTMPAddr); err != nil || port != "1935" {
		t.Error(c.RTMPAddr)
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
