package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime/debug"
	"time"

	"github.com/shoal-live/shoal/origin"
)

// lean is how much an origin lets lie before it is collected, in hundredths of what lives, unless GOGC in the environment says
// otherwise. Nearly all that lives is media, which holds no pointers and costs nothing to collect around; see docs/decisions/0025.
const lean = 15

// defaultData is the folder of an origin unless it is told another.
const defaultData = "data"

func runOrigin(ctx context.Context, args []string, out io.Writer) error {
	flags := newFlags("origin [flags]", "Runs an origin: RTMP and WHIP in, low-latency HLS out, to edges.", out)
	desk := newDesk(flags)
	http := door{flag: "http"}
	var config origin.Config
	desk.bounds = &bounds{all: files() / 2, idle: idleTime} // the rest is for broadcasters, and what is written of streams
	bounded := boundFlags(flags, desk.bounds)
	flags.StringVar(&http.address, "http", ":8081", "`address` for edges, and for WHIP")
	flags.DurationVar(&config.PartDuration, "part", 333*time.Millisecond, "`length` of a part")
	flags.DurationVar(&config.SegmentDuration, "segment", 2*time.Second, "least `length` of a segment")
	flags.IntVar(&config.WindowSegments, "window", 10, "`segments` listed in a playlist")
	ingest, checked := ingestFlags(flags, &config)
	if err := flags.parseOnly(args); err != nil {
		return err
	}
	half := config.SegmentDuration / 2
	if err := errors.Join(
		flags.addresses("tcp", "http", "admin", "rtmp", "rtmps"), flags.addresses("udp", "webrtc"),
		flags.lasts("segment", time.Second, 10*time.Second, time.Second),
		flags.lasts("part", 100*time.Millisecond, max(half, 500*time.Millisecond), 0),
		flags.between(4, 10_000, "window"),
		bounded(), checked(),
	); err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(lean)
	}
	config.Registry, config.Log = desk.registry, desk.log
	service, err := origin.New(config)
	if err != nil {
		return err
	}
	return desk.run(ctx, http, service, ingest()...)
}

// ingestFlags defines the flags of an origin that shoal up has too. The doors are known once the flags are parsed; then
// check says what cannot be.
func ingestFlags(flags *flagSet, config *origin.Config) (doors func() []door, check func() error) {
	flags.StringVar(&config.Data, "data", defaultData, "`folder` for keys and the state of streams")
	flags.StringVar(&config.RTMPAddr, "rtmp", ":1935", "`address` for broadcasters with RTMP")
	flags.StringVar(&config.RTMPSAddr, "rtmps", "", "`address` for broadcasters with RTMP over TLS, like :1936; empty for none")
	flags.StringVar(&config.TLSCert, "tls-cert", "", "PEM `file` of the certificate for -rtmps, with its chain; a new one is used as soon as it is there")
	flags.StringVar(&config.TLSKey, "tls-key", "", "PEM `file` of the private key of -tls-cert")
	flags.StringVar(&config.WebRTCAddr, "webrtc", ":8189", "UDP `address` for broadcasters with WHIP")
	flags.Var((*list)(&config.PublicIPs), "public-ip", "`addresses` to tell WHIP broadcasters behind NAT or in containers, with commas")
	flags.DurationVar(&config.Grace, "grace", time.Minute, "`time` a broadcaster whose connection is lost has to come back into the same stream")
	doors = func() []door {
		return []door{{"rtmp", config.RTMPAddr}, {"rtmps", config.RTMPSAddr}, {"webrtc", config.WebRTCAddr}}
	}
	return doors, func() error {
		for _, ip := range config.PublicIPs {
			if net.ParseIP(ip) == nil {
				return flags.refuse("public-ip", "%q is no IP address like 203.0.113.7", ip)
			}
		}
		switch {
		case config.RTMPSAddr == "" && config.TLSCert != "":
			return flags.refuse("tls-cert", "a certificate is of use with -rtmps only: add -rtmps :1936")
		case config.RTMPSAddr == "" && config.TLSKey != "":
			return flags.refuse("tls-key", "a key is of use with -rtmps only: add -rtmps :1936")
		case config.RTMPSAddr != "" && config.TLSCert == "":
			return flags.refuse("rtmps", "it needs a certificate: name its PEM file by -tls-cert, and that of its key by -tls-key")
		case config.RTMPSAddr != "" && config.TLSKey == "":
			return flags.refuse("rtmps", "it needs the private key of -tls-cert: name its PEM file by -tls-key")
		}
		return errors.Join(flags.folder("data"), flags.lasts("grace", time.Second, 0, 0))
	}
}
