package origin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/origin/archive/upload"
	"github.com/shoal-live/shoal/origin/audience"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/transcode"
	"github.com/shoal-live/shoal/origin/webhook"
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
	// WebRTCAddr is the address for the media of WHIP and WHEP, by UDP and, at the same number, by TCP. Default ":8189".
	WebRTCAddr string
	// WHEP says who may watch at the origin itself by WHEP: "key", who has the stream's publish key; "open", everybody; "off",
	// nobody. Default "key".
	WHEP string
	// WHEPViewers is how many may watch one stream by WHEP at once, WHEPTotal how many all streams. Default 16 and 64.
	WHEPViewers, WHEPTotal int
	// PublicIPs are the addresses broadcasters reach this machine by, behind NAT or in a container. Default: the
	// machine's own.
	PublicIPs []string
	// ICEServers are told to WHIP broadcasters: stun:HOST:PORT, or turn:HOST:PORT|USER|PASSWORD. Default: none.
	ICEServers []string
	// PartDuration is the longest part. Default 333 ms.
	PartDuration time.Duration
	// SegmentDuration is the wanted segment, whole seconds. Default 2 s.
	SegmentDuration time.Duration
	// Grace is how long a stream waits for its broadcaster to come back before it, and its playlist, end. Where one says that
	// it is over the stream is called ended after 3 s at most, and its playlist waits all the same. Default 60 s.
	Grace time.Duration
	// WindowSegments is how many complete segments the playlist lists. Default 8: with them a stream of 2 Mbit/s takes less than 10 MB.
	WindowSegments int
	// Plain says that playlists have no parts: plain HLS, which has more delay, and in which viewers take nothing from each other.
	Plain bool
	// DVR is how far back viewers can seek while a stream is live, from disk; at most a day. Default 0: WindowSegments.
	DVR time.Duration
	// Record says that recordings are kept when a stream is over.
	Record bool
	// Unrecorded are streams of which, where Record is, nothing is written to disk: no recording, and no DVR window.
	Unrecorded []string
	// Keep is how long they are kept. Default 0: until somebody deletes them.
	Keep time.Duration
	// RecordFile is how long a file of a recording lasts, from a minute to a day. Default one hour.
	RecordFile time.Duration
	// DiskReserve is how many bytes of the disk recordings leave free. Default 1 GiB.
	DiskReserve int64
	// Storage is where recordings are copied to; its Archive, Registry and Log are set here. Without an Endpoint: nowhere.
	Storage upload.Config
	// Twin is the base URL of an origin that takes the same broadcasts and stands by for this one, and this one for it. Default: none.
	Twin string
	// Seed makes the keys that chunk records are signed with; origins that stand by for one another have the same. At least 16
	// bytes; empty: each stream has a key of its own, on disk.
	Seed []byte
	// Webhooks are URLs that are told when a broadcast begins and ends.
	Webhooks []string
	// WebhookSecret signs what they are told. Empty: it is not signed.
	WebhookSecret webhook.Secret
	// Audience returns whom trackers know to watch, by the name of the stream, nil while that is not known. Nil: no trackers are asked.
	Audience func(context.Context) map[string]audience.Figures
	// Ladder is the heights of the renditions that ffmpeg makes beside the source, such as "720p". Default none.
	Ladder []string
	// Registry takes the metrics; nil: nobody does.
	Registry prometheus.Registerer
	// Log takes events a person may act on. Default slog.Default().
	Log *slog.Logger
}

// WHEPModes are what Config.WHEP may be.
var WHEPModes = []string{"key", "open", "off"}

// ErrConfig is that there can be no origin of a Config.
var ErrConfig = errors.New("origin: configuration")

// ofConfig says of what one of the origin's parts ended with that it is of the Config, if it is what that part calls so; else something failed.
func ofConfig(err, called error) error {
	if errors.Is(err, called) {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return err
}

// validate fills in defaults and refuses what cannot work.
func (c *Config) validate() error {
	setDefault(&c.Data, "data")
	setDefault(&c.RTMPAddr, ":1935")
	setDefault(&c.WebRTCAddr, ":8189")
	setDefault(&c.WHEP, "key")
	setDefault(&c.WHEPViewers, 16)
	setDefault(&c.WHEPTotal, 64)
	setDefault(&c.PartDuration, 333*time.Millisecond)
	setDefault(&c.SegmentDuration, 2*time.Second)
	setDefault(&c.Grace, time.Minute)
	setDefault(&c.WindowSegments, 8)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	switch {
	case c.PartDuration < 100*time.Millisecond || c.PartDuration > c.SegmentDuration/2:
		return fmt.Errorf("%w: a part of %v; 100 ms to half a segment is possible", ErrConfig, c.PartDuration)
	case c.SegmentDuration < time.Second || c.SegmentDuration > 10*time.Second || c.SegmentDuration%time.Second != 0:
		return fmt.Errorf("%w: a segment of %v; whole seconds from 1 to 10 are possible", ErrConfig, c.SegmentDuration)
	case c.WindowSegments < 4 || c.WindowSegments > 10000:
		return fmt.Errorf("%w: a window of %d segments; 4 to 10000 are possible", ErrConfig, c.WindowSegments)
	case c.DVR < 0 || c.DVR > 24*time.Hour:
		return fmt.Errorf("%w: a DVR window of %v; up to 24 hours are possible", ErrConfig, c.DVR)
	case c.RecordFile != 0 && (c.RecordFile < time.Minute || c.RecordFile > 24*time.Hour):
		return fmt.Errorf("%w: files of recordings of %v; a minute to 24 hours are possible", ErrConfig, c.RecordFile)
	case c.Storage.Endpoint != "" && !c.Record:
		return fmt.Errorf("%w: storage for recordings, and none are kept", ErrConfig)
	case len(c.Seed) > 0 && len(c.Seed) < 16:
		return fmt.Errorf("%w: a seed of %d bytes; at least 16 are needed", ErrConfig, len(c.Seed))
	case c.Twin != "" && len(c.Seed) == 0:
		return fmt.Errorf("%w: an origin with another beside it needs the same seed as that one, or viewers would refuse what comes from it", ErrConfig)
	case c.RTMPSAddr == "" && (c.TLSCert != "" || c.TLSKey != ""):
		return fmt.Errorf("%w: a certificate, and no address for RTMPS that would show it: name one by -rtmps", ErrConfig)
	case !slices.Contains(WHEPModes, c.WHEP):
		return fmt.Errorf("%w: WHEP %q; key, open and off are possible", ErrConfig, c.WHEP)
	case c.WHEPViewers < 0 || c.WHEPTotal < 0:
		return fmt.Errorf("%w: a negative number of viewers by WHEP", ErrConfig)
	case c.Grace < 0:
		return fmt.Errorf("%w: a negative grace period", ErrConfig)
	}
	if _, err := transcode.Parse(c.Ladder); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	for _, ip := range c.PublicIPs {
		if net.ParseIP(ip) == nil {
			return fmt.Errorf("%w: %q is no IP address", ErrConfig, ip)
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
	s := stream.Config{
		Dir:          filepath.Join(c.Data, "streams"),
		PartDuration: c.PartDuration, SegmentDuration: c.SegmentDuration, Grace: c.Grace, WindowSegments: c.WindowSegments,
		Seed: c.Seed, Plain: c.Plain,
	}
	if c.Record {
		s.Unstored = c.Unrecorded
	}
	if c.DVR > 0 {
		s.InMemory = c.WindowSegments
		s.WindowSegments = max(c.WindowSegments, int((c.DVR+c.SegmentDuration-1)/c.SegmentDuration))
	}
	return s
}
