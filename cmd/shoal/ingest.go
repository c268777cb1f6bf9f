package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/shoal-live/shoal/origin"
	"github.com/shoal-live/shoal/origin/transcode"
	"github.com/shoal-live/shoal/origin/webhook"
)

// ingestFlags defines the flags of an origin that shoal up has too. The doors are known once the flags are parsed; then
// check says what cannot be.
func ingestFlags(flags *flagSet, config *origin.Config) (doors func() []door, check func() error) {
	flags.StringVar(&config.Data, "data", defaultData, "`folder` for keys and the state of streams")
	flags.StringVar(&config.RTMPAddr, "rtmp", ":1935", "`address` for broadcasters with RTMP")
	flags.StringVar(&config.RTMPSAddr, "rtmps", "", "`address` for broadcasters with RTMP over TLS, like :1936; empty for none")
	flags.StringVar(&config.TLSCert, "tls-cert", "", "PEM `file` of the certificate for -rtmps (and -https, where there is one), with its chain; a new one is used as soon as it is there")
	flags.StringVar(&config.TLSKey, "tls-key", "", "PEM `file` of the private key of -tls-cert")
	flags.StringVar(&config.WebRTCAddr, "webrtc", ":8189", "UDP and TCP `address` for the media of WHIP and WHEP")
	flags.Var((*list)(&config.PublicIPs), "public-ip", "`addresses` to tell WHIP broadcasters behind NAT or in containers, with commas")
	flags.Var((*list)(&config.ICEServers), "whip-ice-server", "`servers` to tell WHIP broadcasters, with commas: stun:HOST:PORT or turn:HOST:PORT|USER|PASSWORD")
	flags.StringVar(&config.WHEP, "whep", "key", "`who` may watch at the origin itself by WHEP: key, who has the publish key; open, everybody; off, nobody")
	flags.IntVar(&config.WHEPViewers, "whep-viewers", 16, "`viewers` of one stream by WHEP at once")
	flags.IntVar(&config.WHEPTotal, "whep-total", 64, "`viewers` of all streams by WHEP at once")
	flags.DurationVar(&config.Grace, "grace", time.Minute, "`time` a broadcaster whose connection is lost has to come back into the same stream")
	flags.BoolVar(&config.Plain, "plain", false, "playlists without parts: plain HLS, with more delay and nothing that viewers could take from each other")
	flags.Var((*list)(&config.Webhooks), "webhook", "`URLs` that are told, by POST, when a broadcast begins and ends, with commas")
	secret := flags.String("webhook-secret", "", "`secret` that signs what they are told, or @FILE that holds it; rather than here in SHOAL_WEBHOOK_SECRET, which others do not see")
	flags.Var((*list)(&config.Ladder), "ladder", "`heights` of renditions to make beside each stream, by ffmpeg, with commas: 720p,480p,360p; "+
		"those not below the broadcaster's are left out")
	recorded := recordFlags(flags, config)
	doors = func() []door {
		return []door{{"rtmp", config.RTMPAddr}, {"rtmps", config.RTMPSAddr}, {"webrtc", config.WebRTCAddr}}
	}
	return doors, func() error {
		if err := cmp.Or(checkIngest(flags, config), checkCertificate(flags, config)); err != nil {
			return err
		}
		if *secret != "" {
			var err error
			if config.WebhookSecret, err = readSecret(*secret); err != nil {
				err = fmt.Errorf("%s: -webhook-secret: %w", flags.Name(), err) // without the secret
				if strings.HasPrefix(*secret, "@") {                           // what is wrong is the file
					return err
				}
				return usageError(err.Error())
			}
		}
		return errors.Join(
			recorded(), flags.between(1, 10_000, "whep-viewers", "whep-total"), flags.folder("data"), flags.lasts("grace", time.Second, 0, 0),
		)
	}
}

// checkIngest refuses words that stand for nothing.
func checkIngest(flags *flagSet, config *origin.Config) error {
	for _, ip := range config.PublicIPs {
		if net.ParseIP(ip) == nil {
			return flags.refuse("public-ip", "%q is no IP address like 203.0.113.7", ip)
		}
	}
	for _, url := range config.Webhooks {
		if webhook.CheckURL(url) != nil {
			return usageError(fmt.Sprintf("%s: -webhook: want URLs like https://HOST/PATH", flags.Name())) // a query may hold secrets
		}
	}
	if _, err := transcode.Parse(config.Ladder); err != nil {
		return flags.refuse("ladder", "%v", strings.TrimPrefix(err.Error(), "transcode: "))
	}
	if !slices.Contains(origin.WHEPModes, config.WHEP) {
		return flags.refuse("whep", "%q is none of %s", config.WHEP, strings.Join(origin.WHEPModes, ", "))
	}
	for _, server := range config.ICEServers {
		if _, err := parseICE(server); err != nil {
			return usageError(fmt.Sprintf("%s: -whip-ice-server %v", flags.Name(), err)) // the value holds passwords
		}
	}
	return nil
}

// checkCertificate refuses RTMPS without a certificate, and a certificate without RTMPS.
func checkCertificate(flags *flagSet, config *origin.Config) error {
	if https := flags.Lookup("https"); config.RTMPSAddr == "" && https != nil && https.Value.String() != "" {
		return nil // they are for that
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
	return nil
}

// readSecret reads a webhook's secret from a flag, or from the file it names.
func readSecret(text string) (webhook.Secret, error) {
	if file, found := strings.CutPrefix(text, "@"); found {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		text = string(b)
	}
	return webhook.ParseSecret(text)
}
