package wire_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	_ "embed"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

//go:embed testdata/vectors.txt
var vectorsText string

// vectors returns the bytes of every vector by name.
func vectors(t testing.TB) map[string][]byte {
	all := map[string][]byte{}
	for n, line := range strings.Split(vectorsText, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, text, _ := strings.Cut(line, " ")
		b, err := hex.DecodeString(text)
		if err != nil || len(b) == 0 || all[name] != nil {
			t.Fatalf("vectors.txt:%d: %q: %v", n+1, name, err)
		}
		all[name] = b
	}
	return all
}

const someViewer wire.ViewerID = 0x0102030405060708

var (
	somePart = wire.ChunkID{Epoch: 1700000000, Part: 3, MSN: 12}
	someInit = wire.ChunkID{Epoch: 1700000000, Kind: wire.Init, MSN: 3}
	someSeg  = wire.ChunkID{Epoch: 1, Rendition: 2, Kind: wire.Segment, MSN: 1 << 40}
	digest   = sha256.Sum256([]byte("digest"))
	sig      = sha512.Sum512([]byte("signature"))
	secret   = [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
)

// frame is a frame with its payload, which package wire keeps apart.
type frame struct {
	wire.Frame
	payload string
}

func (f frame) Append(b []byte) []byte { return append(f.Frame.Append(b), f.payload...) }

func someFrame(t wire.FrameType, flags uint8, index uint16, payload string) frame {
	return frame{wire.Frame{Type: t, Flags: flags, Index: index, Stamp: wire.Stamp{Sent: 60001, Heard: 258, Waited: 7, Held: 5}, ID: somePart}, payload}
}

type value interface{ Append([]byte) []byte }

// meant are the values of the vectors. record/flags is not among them: it holds bits that no value of today has.
var meant = map[string]value{
	"chunk/part":    somePart,
	"chunk/segment": someSeg,
	"chunk/init":    someInit,
	"chunk/largest": wire.ChunkID{Epoch: 1<<32 - 1, Rendition: 255, Kind: wire.Init, Part: 65535, MSN: 1<<64 - 1},

	"record/part":    &wire.Record{ID: somePart, Independent: true, PieceSize: 2816, Discontinuity: 1, Duration: 333333, Size: 43210, Digest: digest, Signature: sig},
	"record/last":    &wire.Record{ID: somePart, Last: true, PieceSize: 2816, Discontinuity: 1, Duration: 333333, Size: 43210, Digest: digest, Signature: sig},
	"record/init":    &wire.Record{ID: someInit, PieceSize: 1024, Size: 800, Digest: digest, Signature: sig},
	"record/largest": &wire.Record{ID: someSeg, PieceSize: 16384, Discontinuity: 1<<32 - 1, Duration: 1<<32 - 1, Size: 8 << 20, Digest: digest, Signature: sig},

	"frame/have":     someFrame(wire.Have, 0, 0, string(someInit.Append(nil))),
	"frame/fetching": someFrame(wire.Fetching, 0, 0, ""),
	"frame/failed":   someFrame(wire.Failed, 0, 0, ""),
	"frame/want":     someFrame(wire.Want, wire.FlagWantHashes, 0, "\x03\x02"),
	"frame/deny":     someFrame(wire.Deny, 0, wire.DenyBusy, ""),
	"frame/forward":  someFrame(wire.Forward, 0, wire.ForwardStart, "\x01\x02\x03\x04\x05\x06\x07\x08"),
	"frame/reach":    someFrame(wire.Forward, 0, wire.ForwardReach, "\x00\x00\x00\x00\x00\x00\x00\x16"),
	"frame/onward":   someFrame(wire.Pieces, wire.FlagOnward, 5, "piece"),
	"frame/hashes":   someFrame(wire.Hashes, 0, 0, string(digest[:])),
	"frame/pieces":   someFrame(wire.Pieces, wire.FlagRelay, 5, "piece"),
	"frame/ahead":    someFrame(wire.Want, wire.FlagAhead|wire.FlagWantHashes, 0, ""),
	"frame/announce": someFrame(wire.Announce, wire.FlagFetching, 0, string((&wire.Record{ID: somePart, PieceSize: 1024, Size: 800, Digest: digest, Signature: sig}).Append(nil))),
	"frame/relay":    someFrame(wire.Relay, 0, 5, "\x00\x02"),
	"frame/unknown":  someFrame(0x7f, 0xff, 0xffff, "?"),

	"join/plain":       wire.Join{Flags: wire.MayUpload, Rendition: 2, Weight: 250, RoundTrip: 40, Secret: secret, Stream: "demo"},
	"join/metered":     wire.Join{Flags: wire.MayUpload | wire.Metered, Secret: secret, Stream: "demo"},
	"update":           wire.Update{Flags: wire.MayUpload | wire.Hidden | wire.Ready, Rendition: 1, Weight: 65535, RoundTrip: 300},
	"signal/offer":     wire.Signal{Type: wire.TypeSignal, Peer: someViewer, Payload: []byte("\x01v=0\r\n")},
	"signal/candidate": wire.Signal{Type: wire.TypeSignal, Peer: someViewer, Payload: []byte("\x03{}")},
	"beacon": wire.Beacon{
		BytesFromPeers: 1000001, BytesFromEdge: 1000002, BytesToPeers: 1000003, ChunksFromPeers: 1000004,
		ChunksFromEdge: 1000005, DuplicateBytes: 1000006, BadPieces: 1000007, EdgeRequests: 1000008,
		Stalls: 1000009, StalledMillis: 1000010, LatencyMillis: 1000011, Links: 1000012,
		LinksOpened: 1000013, LinksNoAnswer: 1000014, LinksNoRoute: 1000015, LinksLost: 1000016,
	},
	"leave": wire.Leave{},

	"welcome/plain": wire.Welcome{Viewer: someViewer, BeaconSeconds: 10},
	"welcome/servers": wire.Welcome{Viewer: someViewer, BeaconSeconds: 10, Flags: wire.RelayOnly | wire.HideHost, ICEServers: []wire.ICEServer{
		{URL: "stun:tracker.example:3478"}, {URL: "turn:tracker.example:3478", Username: "user", Credential: "secret"},
	}},
	"servers/renewed": wire.Servers{Flags: wire.RelayOnly, ICEServers: []wire.ICEServer{
		{URL: "turn:tracker.example:3479", Username: "user", Credential: "secret"},
	}},
	"servers/none": wire.Servers{},
	"roster": wire.Roster{Cell: 3, Version: 9, Depth: 1, Members: []wire.Member{
		{ID: someViewer, Flags: wire.MayUpload | wire.Ready | wire.Fed, Rendition: 2, Weight: 250}, {ID: 1<<64 - 1, Flags: wire.Metered},
	}},
	"roster/empty": wire.Roster{},
	"delta": wire.Delta{
		Version: 10, Set: []wire.Member{{ID: someViewer, Flags: wire.MayUpload, Weight: 100}}, Left: []wire.ViewerID{17, 1<<64 - 1},
	},
	"delta/empty":      wire.Delta{Version: 11},
	"signalled/answer": wire.Signal{Type: wire.TypeSignalled, Peer: someViewer, Payload: []byte("\x02v=0\r\n")},
	"bridges": wire.Bridges{Bridges: []wire.Bridge{
		{Role: wire.Feeder, Member: wire.Member{ID: someViewer, Flags: wire.MayUpload | wire.Ready, Rendition: 2, Weight: 250}},
		{Role: wire.Follower, Member: wire.Member{ID: 17, Weight: 1}},
	}},
	"bridges/none":   wire.Bridges{},
	"control/off":    wire.Control{Flags: wire.Off},
	"control/most":   wire.Control{Most: 500},
	"refused/busy":   wire.Refused{Reason: wire.RefusedBusy, RetryAfter: 30, Text: "too many viewers"},
	"refused/never":  wire.Refused{Reason: wire.RefusedVersion},
	"refused/moving": wire.Refused{Reason: wire.RefusedMoving, RetryAfter: 5, Text: "stopping"},
}

// parse reads the bytes of a kind of vector, the part of its name before the slash.
func parse(kind string, b []byte) (value, error) {
	switch kind {
	case "chunk":
		return wire.ParseChunkID(b)
	case "record":
		r, err := wire.ParseRecord(b)
		return &r, err
	case "frame":
		f, payload, err := wire.ParseFrame(b)
		return frame{f, string(payload)}, err
	case "join":
		return wire.ParseJoin(b)
	case "update":
		return wire.ParseUpdate(b)
	case "signal":
		return wire.ParseSignal(b, wire.TypeSignal)
	case "beacon":
		return wire.ParseBeacon(b)
	case "leave":
		return wire.Leave{}, nil
	case "welcome":
		return wire.ParseWelcome(b)
	case "servers":
		return wire.ParseServers(b)
	case "roster":
		return wire.ParseRoster(b)
	case "delta":
		return wire.ParseDelta(b)
	case "signalled":
		return wire.ParseSignal(b, wire.TypeSignalled)
	case "bridges":
		return wire.ParseBridges(b)
	case "control":
		return wire.ParseControl(b)
	case "refused":
		return wire.ParseRefused(b)
	}
	panic("no kind " + kind)
}

func kindOf(name string) string {
	kind, _, _ := strings.Cut(name, "/")
	return kind
}

func TestVectors(t *testing.T) {
	all := vectors(t)
	for name, want := range meant {
		b := all[name]
		if b == nil {
			t.Errorf("%s: not in vectors.txt", name)
			continue
		}
		if got := want.Append([]byte("x")); !bytes.Equal(got[1:], b) || got[0] != 'x' {
			t.Errorf("%s: appended %x, want %x", name, got[1:], b)
		}
		if got, err := parse(kindOf(name), b); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: parsed %+v, %v; want %+v", name, got, err, want)
		}
	}
	for name := range all {
		if meant[name] == nil && name != "record/flags" {
			t.Errorf("%s: nobody says what it means", name)
		}
	}
}

// TestShortAndLong cuts every vector short at every byte and adds bytes to it.
func TestShortAndLong(t *testing.T) {
	for name, b := range vectors(t) {
		kind := kindOf(name)
		least := len(b)
		switch kind {
		case "frame":
			least = wire.FrameHeaderSize
		case "signal", "signalled":
			least = 10
		case "refused":
			least = 4
		case "leave":
			continue
		}
		for n := range least {
			if _, err := parse(kind, b[:n]); err != wire.ErrShort {
				t.Errorf("%s: %d of %d bytes: %v, want ErrShort", name, n, len(b), err)
			}
		}
		v, err := parse(kind, append(bytes.Clone(b), 1, 2, 3))
		if err != nil {
			t.Errorf("%s with bytes of a later version: %v", name, err)
		} else if got := v.Append(nil); !bytes.HasPrefix(got, b) {
			t.Errorf("%s with bytes of a later version reads as %x", name, got)
		}
	}
}

func TestFlagsOfLaterRecordsStaySigned(t *testing.T) {
	b := vectors(t)["record/flags"]
	r, err := wire.ParseRecord(b)
	if err != nil || !r.Independent || r.Last {
		t.Fatalf("%+v, %v", r, err)
	}
	if signed := r.SignedBytes(); !bytes.Equal(signed, append([]byte("shoal chunk record 1\n"), b[:64]...)) {
		t.Errorf("signed bytes %x", signed)
	}
}
