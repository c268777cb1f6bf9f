package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestFlagsAreChecked: what cannot be is refused by the name of its flag, with what may be, before a port is taken: the ports of
// these commands are taken by nobody, so a command that went on would run until the test's end.
//
// Clause: errors
func TestFlagsAreChecked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, says string }{
		{"up -http nonsense", "up: -http nonsense: want HOST:PORT or :PORT, with a port of 65535 at most, like -http :8080"},
		{"up -http :99999", "up: -http :99999: want HOST:PORT"},
		{"edge -http :", "edge: -http :: want HOST:PORT"},
		{"up -rtmp=", `up: -rtmp "": want HOST:PORT`},
		{"tracker -stun 3478", "tracker: -stun 3478: want HOST:PORT"},
		{"tracker -turn 3479", "like -turn :3479"},
		{"up -http :18080 -admin :18080", "up: -admin :18080: -http has that port too: give each its own"},
		{"up -http 127.0.0.1:18080 -rtmp :18080", "up: -rtmp :18080: -http has that port too"},
		{"up -rtmp :18081 -webrtc :18081", "up: -webrtc :18081: -rtmp has that port too"},
		{"origin -whip-ice-server http://stun.example", "origin: -whip-ice-server http://stun.example: want stun:HOST:PORT"},
		{"up -whip-ice-server turn:foo", "up: -whip-ice-server turn:foo: a relay wants credentials: turn:foo|USER|PASSWORD"},
		{"up -webrtc :3478", "up: -stun :3478: -webrtc has that port too"},
		{"origin -ladder 720", `origin: -ladder 720: a ladder is up to 6 heights of 144p to 2160p, such as 720p,480p,360p; "720" is none`},
		{"up -ladder 360p,99p", `up: -ladder 360p,99p: a ladder is up to 6 heights of 144p to 2160p, such as 720p,480p,360p; "99p" is not an even`},
		{"up -cell-size 1000", "up: -cell-size 1000: choose 2 to 64 (by default 32)"},
		{"tracker -cell-size 0", "tracker: -cell-size 0: choose 2 to 64"},
		{"tracker -cell-size 1", "tracker: -cell-size 1: choose 2 to 64"},
		{"tracker -cell-size many", `invalid value "many" for flag -cell-size: want a whole number`},
		{"tracker -roots 0", "tracker: -roots 0: choose 1 to 100000 (by default 24)"},
		{"tracker -per-prefix 99", "tracker: -per-prefix 99: choose 2 to 32, which is what a cell has (-cell-size), or 0 for half of it"},
		{"tracker -token-viewers 0", "tracker: -token-viewers 0: choose 1 or more"},
		{"tracker -beacon 0s", "tracker: -beacon 0s: choose 1s to 4m15s, in whole seconds (by default 10s)"},
		{"tracker -beacon 1.5s", "tracker: -beacon 1.5s: choose 1s to 4m15s, in whole seconds"},
		{"tracker -beacon soon", "-beacon: want a time, like 500ms, 90s or 2m"},
		{"tracker -ice foo", "tracker: -ice foo: want stun:HOST:PORT, turn:HOST:PORT|USER|PASSWORD or turns:HOST:PORT|USER|PASSWORD"},
		{"tracker -ice http://turn.example", "tracker: -ice http://turn.example: want stun:HOST:PORT"},
		{"tracker -ice turn|me|secret", "tracker: -ice turn: want stun:HOST:PORT"},
		{"tracker -ice stun:", "tracker: -ice stun:: want stun:HOST:PORT"},
		{"tracker -ice turn:foo", "tracker: -ice turn:foo: a relay wants credentials: turn:foo|USER|PASSWORD"},
		{"tracker -ice turns:foo|me", "tracker: -ice turns:foo: a relay wants credentials: turns:foo|USER|PASSWORD"},
		{"tracker -turn-ip 192.0.2.1", "tracker: -turn-ip 192.0.2.1: there is no TURN server: add -turn :3479, or -relay-only"},
		{"tracker -turn-peers 192.0.2.1", "tracker: -turn-peers 192.0.2.1/32: there is no TURN server"},
		{"up -turn-rate 1000", "up: -turn-rate 1000: there is no TURN server"},
		{"up -turn :3479 -turn-rate -1", "up: -turn-rate -1: choose 1 or more"},
		{"tracker -turn-ip foo", `invalid value "foo" for flag -turn-ip: want an IP address, like 203.0.113.7`},
		{"tracker -address-header X:Y", "tracker: -address-header X:Y: want the name of one header, like X-Forwarded-For"},
		{"tracker -address-header a_b", `tracker: -address-header "a b": want the name of one header`},
		{"tracker -region-header X-Region", "tracker: -region-header X-Region: it is believed of a trusted proxy only"},
		{"tracker -token-audience a", "tracker: -token-audience a: an audience is a token's"},
		{"tracker -log loud", `invalid value "loud" for flag -log: choose debug, info, warn or error`},
		{"up -stream a_b", `up: -stream "a b": a stream's name has 1 to 64 letters (A-Z, a-z), digits, _ or -`},
		{"origin -part 0s", "origin: -part 0s: choose 100ms to 1s (by default 333ms)"},
		{"origin -segment 0s", "origin: -segment 0s: choose 1s to 10s, in whole seconds (by default 2s)"},
		{"origin -window 0", "origin: -window 0: choose 4 to 10000 (by default 8)"},
		{"origin -grace 0s", "origin: -grace 0s: choose 1s or more (by default 1m0s)"},
		{"up -plain -grace 0s", "up: -grace 0s: choose 1s or more"},
		{"origin -plain -grace 0s", "origin: -grace 0s: choose 1s or more"},
		{"origin -rtmps :1936", "origin: -rtmps :1936: it needs a certificate: name its PEM file by -tls-cert"},
		{"up -rtmps :1936 -tls-cert " + file, "up: -rtmps :1936: it needs the private key of -tls-cert: name its PEM file by -tls-key"},
		{"origin -tls-cert " + file, "origin: -tls-cert " + file + ": a certificate is of use with -rtmps only: add -rtmps :1936"},
		{"origin -tls-key " + file, "origin: -tls-key " + file + ": a key is of use with -rtmps only: add -rtmps :1936"},
		{"origin -rtmps :1935 -tls-cert " + file + " -tls-key " + file, "origin: -rtmps :1935: -rtmp has that port too"},
		{"origin -rtmps me -tls-cert " + file + " -tls-key " + file, "origin: -rtmps me: want HOST:PORT or :PORT, with a port of 65535 at most, like -rtmps :1936"},
		{"origin -public-ip me", `origin: -public-ip me: "me" is no IP address like 203.0.113.7`},
		{"origin -webhook hooks.example", "origin: -webhook: want URLs like https://HOST/PATH"},
		{"up -webhook https://hooks.example/x -webhook-secret short", "up: -webhook-secret: webhook: a secret has 16 bytes or more"},
		{"origin -tracker-stats ws://tracker.example/tracker", "want URLs of trackers' figures, like http://HOST/api/v1/swarm"},
		{"tracker -allow-origin tv.example", `tracker: -allow-origin "tv.example": want scheme://host`},
		{"up -allow-origin https://tv.example/", `tracker: -allow-origin "https://tv.example/": want scheme://host`},
		{"tracker -ice " + strings.Repeat("stun:a.example,", wire.MaxICEServers) + "stun:a.example", "tracker: -ice names 9 servers: at most 8"},
		{"edge -tracker foo", `edge: -tracker "foo": want ws://HOST:PORT/tracker, wss://HOST/tracker or a path at this host like /tracker`},
		{"edge -tracker localhost:8082/tracker", `edge: -tracker "localhost:8082/tracker": want ws://`},
		{"edge -tracker wss://a.example/tracker,http://b.example/tracker", `edge: -tracker "http://b.example/tracker": want ws://`},
		{"edge -p2p on", `edge: -tracker "": without a tracker viewers do not meet: name one or more, like wss://HOST/tracker, or /tracker, or leave out -p2p on`},
		{"edge -tracker= -p2p on", `edge: -tracker "": without a tracker viewers do not meet: name one or more, like wss://HOST/tracker, or /tracker, or leave out -p2p on`},
		{"edge -origins=", `edge: -origins "": want one or more, like http://HOST:8081`},
		{"edge -origins localhost:8081", `edge: -origins "localhost:8081" is not a base URL like http://HOST:PORT`},
		{"edge -p2p maybe", "edge: -p2p maybe: choose on, ask, relay-only, off"},
		{"up -p2p maybe", "up: -p2p maybe: choose on, ask, relay-only, off"},
		{"edge -rtmp-port 99999", `edge: -rtmp-port "99999": choose a port, 1 to 65535`},
		{"edge -rtmp-url http://a.example/live", `edge: -rtmp-url "http://a.example/live": want rtmp://HOST/live`},
		{"edge -rtmp-url rtmp:///live", `edge: -rtmp-url "rtmp:///live": want rtmp://HOST/live`},
		{"edge -rtmp-url rtmp://u:secret@a/live", `want rtmp://HOST/live or rtmps://HOST:PORT/live, without a key`},
		{"edge -rtmp-url rtmp://a/live?key=1", `want rtmp://HOST/live or rtmps://HOST:PORT/live, without a key`},
		{"edge -rtmp-url rtmp://a/live#1", `want rtmp://HOST/live or rtmps://HOST:PORT/live, without a key`},
		{"edge -rtmp-url rtmp://a/live -rtmp-port 1936", `edge: -rtmp-port "1936": choose one`},
		{"edge -memory 1", "edge: -memory 1: choose 32M or more"},
		{"edge -memory 99X", "not a size like 512M or 2G"},
	} {
		args := strings.Fields(c.args)
		for i := range args {
			if args[i] == "a_b" {
				args[i] = "a b"
			}
		}
		err := dispatch(t.Context(), args, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s:\n%v, want\n%s", c.args, err, c.says)
			continue
		}
		if _, usage := errors.AsType[usageError](err); !usage {
			t.Errorf("%s: no usage error", c.args)
		}
	}
}

// TestFlagsMayBe: what is right is not refused.
func TestFlagsMayBe(t *testing.T) {
	taken, err := door{"http", "127.0.0.1:0"}.listen() // so that a command that finds nothing wrong ends here
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{
		"tracker -ice stun:a.example,turn:b.example:3478|me|secret,turns:[2001:db8::1]:5349?transport=tcp|me|secret",
		"tracker -turn :3479 -turn-ip 192.0.2.1 -turn-peers 192.0.2.2", "tracker -relay-only -turn-ip 192.0.2.1", "tracker -stun=",
		"tracker -cell-size 64 -per-prefix 64 -address-header X-Forwarded-For -region-header X-Region", "tracker -beacon 255s",
		"edge -tracker /tracker", "edge -tracker=", "edge -tracker= -p2p off", "edge -tracker wss://a.example/tracker,ws://[::1]:8082/tracker?x=1", "edge -memory 32M -rtmp-port 1936", "edge -rtmp-url rtmps://[2001:db8::1]:1936/live",
		"origin -webhook https://hooks.example/x,http://127.0.0.1:9/y -webhook-secret @" + secret + " -tracker-stats http://a.example/api/v1/swarm -data " + t.TempDir(),
		"origin -whip-ice-server stun:a.example:3478,turn:b.example|me|secret -data " + t.TempDir(),
		"origin -segment 1s -part 500ms -data " + filepath.Join(t.TempDir(), "a", "b"),
	} {
		err := dispatch(t.Context(), append(strings.Fields(args), "-http", taken.Addr().String()), io.Discard)
		if err == nil || !strings.Contains(err.Error(), "is taken by another program") {
			t.Errorf("%s: %v", args, err)
		}
	}
}
