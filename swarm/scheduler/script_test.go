package scheduler

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

var update = flag.Bool("update", false, "write the traces that the scripts give into testdata")

// TestScripts plays each testdata/*.txt: a line is a call, the indented lines beneath it are the actions it must give.
// Lines that begin with # are for the reader.
func TestScripts(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) == 0 {
		t.Fatal("no scripts in testdata")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("%s: the trace is another one now. Got:\n%s", file, got)
			}
		})
	}
}

func play(t *testing.T, script string) string {
	var out strings.Builder
	p := &scene{t: t, s: New(Config{Stream: "demo", Flags: wire.MayUpload})}
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, " ") {
			continue // an action of the old trace
		}
		out.WriteString(line + "\n")
		if f := strings.Fields(line); len(f) > 0 && f[0] != "#" {
			p.call(f[0], f[1:])
			for _, a := range p.s.Actions() {
				out.WriteString("  " + describe(a) + "\n")
			}
		}
	}
	return out.String()
}

// scene is a script being played.
type scene struct {
	t   *testing.T
	s   *Scheduler
	now Time
}

func (p *scene) call(name string, args []string) {
	s, now := p.s, p.now
	switch name {
	case "at":
		p.now = Time(p.int(args[0])) * Millisecond
	case "tick":
		s.Tick(now)
	case "weight":
		s.Self(now, wire.MayUpload, 0, uint16(p.int(args[0])))
	case "self":
		s.Self(now, flags(args[0]), 0, uint16(p.int(args[1])))
	case "tracker-up":
		s.TrackerUp(now)
	case "tracker-down":
		s.TrackerDown(now)
	case "welcome":
		s.TrackerMessage(now, wire.Welcome{Viewer: wire.ViewerID(p.int(args[0])), BeaconSeconds: 10,
			ICEServers: []wire.ICEServer{{URL: "stun:h:3478"}}}.Append(nil))
	case "servers": // servers URL: told anew
		s.TrackerMessage(now, wire.Servers{ICEServers: []wire.ICEServer{{URL: args[0]}}}.Append(nil))
	case "roster":
		s.TrackerMessage(now, wire.Roster{Version: uint32(p.int(args[0])), Members: p.members(args[1:])}.Append(nil))
	case "join": // join ID: comes in and is named
		s.TrackerUp(now)
		s.TrackerMessage(now, wire.Welcome{Viewer: wire.ViewerID(p.int(args[0])), BeaconSeconds: 10}.Append(nil))
	case "left":
		s.TrackerMessage(now, wire.Delta{Version: uint32(p.int(args[0])), Left: []wire.ViewerID{wire.ViewerID(p.int(args[1]))}}.Append(nil))
	case "set":
		s.TrackerMessage(now, wire.Delta{Version: uint32(p.int(args[0])), Set: p.members(args[1:])}.Append(nil))
	case "refused":
		s.TrackerMessage(now, wire.Refused{Reason: wire.RefusedBusy, RetryAfter: 7, Text: args[0]}.Append(nil))
	case "control": // control on|off MOST
		c := wire.Control{Most: uint16(p.int(args[1]))}
		if args[0] == "off" {
			c.Flags = wire.Off
		}
		s.TrackerMessage(now, c.Append(nil))
	case "offer":
		s.TrackerMessage(now, wire.Signal{Type: wire.TypeSignalled, Peer: wire.ViewerID(p.int(args[0])), Payload: []byte{byte(wire.Offer), 'x'}}.Append(nil))
	case "out-signal":
		s.OutSignal(now, Peer(p.int(args[0])), []byte{byte(wire.Answer), 'y'})
	case "link-up":
		for _, a := range args {
			s.LinkUp(now, Peer(p.int(a)))
		}
	case "link-down":
		s.LinkDown(now, Peer(p.int(args[0])))
	case "buffered":
		s.Buffered(now, Peer(p.int(args[0])), p.int(args[1]))
	case "learn": // learn MSN.PART SIZE [AGE ms]
		age := Time(0)
		if len(args) > 2 {
			age = Time(p.int(args[2])) * Millisecond
		}
		r := record(p.id(args[0]), p.int(args[1]))
		s.Learn(now, &r, age)
	case "need":
		s.Need(now, Chunk(p.int(args[0])), Time(p.int(args[1]))*Millisecond)
	case "fetched":
		s.Fetched(now, Chunk(p.int(args[0])), p.int(args[1]), p.int(args[2]), args[3] == "ok")
	case "arrived":
		s.Arrived(now, Chunk(p.int(args[0])), p.int(args[1]), p.int(args[2]))
	case "reloaded":
		s.Reloaded(now, args[0] == "ok")
	case "record-taken": // record-taken PEER MSN.PART SIZE ok|bad
		r := record(p.id(args[1]), p.int(args[2]))
		s.RecordTaken(now, Peer(p.int(args[0])), &r, args[3] == "ok")
	case "backlog":
		s.Backlog(now, p.int(args[0]))
	case "bridges": // bridges ROLE:ID[:FLAGS]...
		var b wire.Bridges
		for _, a := range args {
			role, rest, _ := strings.Cut(a, ":")
			b.Bridges = append(b.Bridges, wire.Bridge{Role: map[string]wire.BridgeRole{"feeder": wire.Feeder, "follower": wire.Follower}[role], Member: p.members([]string{rest})[0]})
		}
		s.TrackerMessage(now, b.Append(nil))
	case "depth": // depth DEPTH VERSION MEMBER...
		s.TrackerMessage(now, wire.Roster{Depth: uint8(p.int(args[0])), Version: uint32(p.int(args[1])), Members: p.members(args[2:])}.Append(nil))
	case "held":
		s.Held(now, Chunk(p.int(args[0])))
	case "hashes-taken":
		s.HashesTaken(now, Peer(p.int(args[0])), Chunk(p.int(args[1])), args[2] == "ok")
	case "pieces-taken":
		s.PiecesTaken(now, Peer(p.int(args[0])), Chunk(p.int(args[1])), p.int(args[2]), p.int(args[3]), args[4] == "ok")
	case "frame":
		p.frame(args)
	default:
		p.t.Fatalf("no such call: %s", name)
	}
}

// frame PEER TYPE MSN.PART [INDEX] [BYTES of payload | hex:PAYLOAD | record:SIZE] [FLAGS | relay]
func (p *scene) frame(args []string) {
	f := wire.Frame{ID: p.id(args[2])}
	for _, t := range []wire.FrameType{wire.Have, wire.Fetching, wire.Failed, wire.Want, wire.Deny, wire.Forward, wire.Announce, wire.Relay,
		wire.Busy, wire.Hashes, wire.Pieces} {
		if typeName(t) == args[1] {
			f.Type = t
		}
	}
	var payload []byte
	length := 0
	if len(args) > 3 {
		f.Index = uint16(p.int(args[3]))
	}
	if len(args) > 4 {
		if text, ok := strings.CutPrefix(args[4], "hex:"); ok {
			payload, _ = hex.DecodeString(text)
		} else if size, ok := strings.CutPrefix(args[4], "record:"); ok {
			r := record(f.ID, p.int(size))
			payload = r.Append(nil)
		} else {
			length = p.int(args[4])
		}
	}
	if len(args) > 5 && args[5] == "relay" {
		f.Flags = wire.FlagRelay
	} else if len(args) > 5 {
		f.Flags = uint8(p.int(args[5]))
	}
	p.s.Frame(p.now, Peer(p.int(args[0])), append(f.Append(nil), payload...), length)
}

func (p *scene) int(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func (p *scene) id(s string) wire.ChunkID {
	msn, part, _ := strings.Cut(s, ".")
	return wire.ChunkID{Epoch: 1, MSN: uint64(p.int(msn)), Part: uint16(p.int(part))}
}

// members reads ID[:FLAGS[:WEIGHT]] with FLAGS of u(pload) m(etered) h(idden) r(eady) f(ed).
func (p *scene) members(args []string) (ms []wire.Member) {
	for _, a := range args {
		f := strings.Split(a, ":")
		m := wire.Member{ID: wire.ViewerID(p.int(f[0])), Flags: flags("ur"), Weight: 500}
		if len(f) > 1 {
			m.Flags = flags(f[1])
		}
		if len(f) > 2 {
			m.Weight = uint16(p.int(f[2]))
		}
		ms = append(ms, m)
	}
	return ms
}

func flags(s string) (f uint8) {
	for i, c := range "umhrf" {
		if strings.ContainsRune(s, c) {
			f |= 1 << i
		}
	}
	return f
}

func record(id wire.ChunkID, size int) wire.Record {
	return wire.Record{ID: id, PieceSize: uint16(size/16+255) &^ 255, Size: uint32(size), Duration: 333333}
}

func typeName(t wire.FrameType) string {
	return map[wire.FrameType]string{wire.Have: "have", wire.Fetching: "fetching", wire.Failed: "failed",
		wire.Want: "want", wire.Deny: "deny", wire.Forward: "forward", wire.Announce: "announce", wire.Relay: "relay",
		wire.Busy: "busy", wire.Hashes: "hashes", wire.Pieces: "pieces"}[t]
}

var kindNames = [...]string{"", "send-tracker", "ice-servers", "refused", "connect", "signal", "disconnect", "send",
	"send-hashes", "send-pieces", "fetch", "take-hashes", "take-pieces", "park", "complete", "drop", "reload", "take-record"}

func describe(a Action) string {
	var b bytes.Buffer
	fmt.Fprint(&b, kindNames[a.Kind])
	if a.Peer != 0 {
		fmt.Fprintf(&b, " peer %d", a.Peer)
	}
	if a.Chunk != 0 {
		fmt.Fprintf(&b, " chunk %d", a.Chunk)
	}
	switch a.Kind {
	case SendPieces, Fetch, TakePieces:
		fmt.Fprintf(&b, " pieces %d+%d", a.First, a.Count)
	case Connect, Disconnect, Refused:
		fmt.Fprintf(&b, " %d", a.Count)
	}
	switch a.Kind {
	case Send, SendHashes, SendPieces:
		f, rest, _ := wire.ParseFrame(a.Bytes)
		fmt.Fprintf(&b, ": %s %d.%d", typeName(f.Type), f.ID.MSN, f.ID.Part)
		if f.Flags != 0 {
			fmt.Fprintf(&b, " flags %d", f.Flags)
		}
		if f.Type == wire.Announce {
			fmt.Fprint(&b, " with the record")
		} else if len(rest) > 0 {
			fmt.Fprintf(&b, " %x", rest)
		}
	case SendTracker, Refused, Signal:
		fmt.Fprintf(&b, ": %q", a.Bytes)
	}
	return b.String()
}
