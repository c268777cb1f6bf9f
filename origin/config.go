package origin

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/origin/stream"
)

// Config is what an origin can be told. The zero value works.
type Config struct {
	// Data is the folder for publish keys and streams. Default "data".
	Data string
	// RTMPAddr is the TCP address for RTMP. Default ":1935".
	RTMPAddr string
	// RTMPSAddr is the TCP address for RTMP over TLS. Default: none.
	RTMPSAddr string
	// TLSCert and TLSKey are the files, PEM, of the certificate that RTMPSAddr needs. They are read anew when they change.
	TLSCert, TLSKey string
	// WebRTCAddr is the UDP address for WHIP's media. Default ":8189".
	WebRTCAddr string
	// PublicIPs are the addresses broadcasters reach this machine by, behind NAT or in a container. Default: the
	// machine's own.
	PublicIPs []string
	// PartDuration is the longest part. Default 333 ms.
	PartDuration time.Duration
	// SegmentDuration is the wanted segment, whole seconds. Default 2 s.
	SegmentDuration time.Duration
	// Grace is how long a stream waits for its broadcaster to come back before it, and its playlist, end. Where one says that
	// it is over the stream is called ended after 3 s at most, and its playlist waits all the same. Default 60 s.
	Grace time.Duration
	// WindowSegments is how many complete segments the playlist lists. Default 10.
	WindowSegments int
	// Registry takes the metrics; nil: nobody does.
	Registry prometheus.Registerer
	// Log takes events a person may act on. Default slog.Default().
	Log *slog.Logger
}

var errConfig = errors.New("origin: configuration")

// validate fills in defaults and refuses what cannot work.
func (c *Config) validate() error {
	setDefault(&c.Data, "data")
	setDefault(&c.RTMPAddr, ":1935")
	setDefault(&c.WebRTCAddr, ":8189")
	setDefault(&c.PartDuration, 333*time.Millisecond)
	setDefault(&c.SegmentDuration, 2*time.Second)
	setDefault(&c.Grace, time.Minute)
	setDefault(&c.WindowSegments, 10)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	switch {
	case c.PartDuration < 100*time.Millisecond || c.PartDuration > c.SegmentDuration/2:
		return fmt.Errorf("%w: a part of %v; 100 ms to half a segment is possible", errConfig, c.PartDuration)
	case c.SegmentDuration < time.Second || c.SegmentDuration > 10*time.Second || c.SegmentDuration%time.Second != 0:
		return fmt.Errorf("%w: a segment of %v; whole seconds from 1 to 10 are possible", errConfig, c.SegmentDuration)
	case c.WindowSegments < 4 || c.WindowSegments > 10000:
		return fmt.Errorf("%w: a window of %d segments; 4 to 10000 are possible", errConfig, c.WindowSegments)
	case c.RTMPSAddr == "" && (c.TLSCert != "" || c.TLSKey != ""):
		return fmt.Errorf("%w: a certificate, and no address for RTMPS that would show it: name one by -rtmps", errConfig)
	case c.Grace < 0:
		return fmt.Errorf("%w: a negative grace period", errConfig)
	}
	for _, ip := range c.PublicIPs {
		if net.ParseIP(ip) == nil {
			return fmt.Errorf("%w: %q is no IP address", errConfig, ip)
		}
	}
	return nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func (c *Config) streams() stream.Config {
	return stream.Config{
		Dir:          filepath.Join(c.Data, "streams"),
		PartDuration: c.PartDuration, SegmentDuration: c.SegmentDuration, Grace: c.Grace, WindowSegments: c.WindowSegments,
	}
}
