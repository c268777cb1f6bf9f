//go:build wasip1

package main

import (
	"encoding/binary"
	"unsafe"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

// inputSize holds the longest frame and the longest tracker message.
const inputSize = 72 << 10

var (
	input   [inputSize]byte
	output  []byte
	learned scheduler.Chunk
	machine = scheduler.New(scheduler.Config{})
)

// in returns the first n bytes of the input, at most all of it.
func in(n int32) []byte { return input[:max(0, min(int(n), inputSize))] }

func micros(ms float64) scheduler.Time { return scheduler.Time(ms * 1000) }

// out writes the actions that are due to the output and returns its length.
func out() int32 {
	output = output[:0]
	for _, a := range machine.Actions() {
		for _, v := range [...]uint32{
			uint32(a.Kind), uint32(a.Peer), uint32(a.Chunk), uint32(a.First), uint32(a.Count), uint32(len(a.Bytes)),
		} {
			output = binary.LittleEndian.AppendUint32(output, v)
		}
		output = append(output, a.Bytes...)
		for len(output)%4 != 0 {
			output = append(output, 0)
		}
	}
	return int32(len(output))
}

//go:wasmexport shoal_input
func inputAt() unsafe.Pointer { return unsafe.Pointer(&input) }

//go:wasmexport shoal_output
func outputAt() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(output)) }

//go:wasmexport shoal_start
func start(flags, rendition, most, nameLength int32) int32 {
	b := in(16 + nameLength)
	if nameLength < 0 || len(b) != int(16+nameLength) {
		return 0
	}
	machine = scheduler.New(scheduler.Config{
		Secret:    [16]byte(b[:16]),
		Stream:    string(b[16:]),
		Flags:     uint8(flags),
		Rendition: uint8(rendition),
		Cap:       uint16(most),
	})
	return out()
}

//go:wasmexport shoal_self
func self(now float64, flags, rendition, most int32) int32 {
	machine.Self(micros(now), uint8(flags), uint8(rendition), uint16(most))
	return out()
}

//go:wasmexport shoal_tracker_up
func trackerUp(now float64) int32 { machine.TrackerUp(micros(now)); return out() }

//go:wasmexport shoal_tracker_down
func trackerDown(now float64) int32 { machine.TrackerDown(micros(now)); return out() }

//go:wasmexport shoal_tracker_message
func trackerMessage(now float64, length int32) int32 {
	machine.TrackerMessage(micros(now), in(length))
	return out()
}

//go:wasmexport shoal_beacon
func beacon(now float64) int32 {
	var n [16]uint32
	for i := range n {
		n[i] = binary.LittleEndian.Uint32(input[4*i:])
	}
	machine.Beacon(micros(now), wire.Beacon{
		BytesFromPeers: n[0], BytesFromEdge: n[1], BytesToPeers: n[2], ChunksFromPeers: n[3], ChunksFromEdge: n[4],
		DuplicateBytes: n[5], BadPieces: n[6], EdgeRequests: n[7], Stalls: n[8], StalledMillis: n[9],
		LatencyMillis: n[10], Links: n[11],
		LinksOpened: n[12], LinksNoAnswer: n[13], LinksNoRoute: n[14], LinksLost: n[15],
	})
	return out()
}

//go:wasmexport shoal_leave
func leave(now float64) int32 { machine.Leave(micros(now)); return out() }

//go:wasmexport shoal_out_signal
func outSignal(now float64, peer, length int32) int32 {
	machine.OutSignal(micros(now), scheduler.Peer(peer), in(length))
	return out()
}

//go:wasmexport shoal_link_up
func linkUp(now float64, peer int32) int32 {
	machine.LinkUp(micros(now), scheduler.Peer(peer))
	return out()
}

//go:wasmexport shoal_link_down
func linkDown(now float64, peer int32) int32 {
	machine.LinkDown(micros(now), scheduler.Peer(peer))
	return out()
}

//go:wasmexport shoal_buffered
func buffered(now float64, peer, bytes int32) int32 {
	machine.Buffered(micros(now), scheduler.Peer(peer), int(bytes))
	return out()
}

//go:wasmexport shoal_backlog
func backlog(now float64, bytes int32) int32 {
	machine.Backlog(micros(now), int(bytes))
	return out()
}

//go:wasmexport shoal_frame
func frame(now float64, peer, length, payload int32) int32 {
	machine.Frame(micros(now), scheduler.Peer(peer), in(length), int(payload))
	return out()
}

//go:wasmexport shoal_hashes_taken
func hashesTaken(now float64, peer, chunk, ok int32) int32 {
	machine.HashesTaken(micros(now), scheduler.Peer(peer), scheduler.Chunk(chunk), ok != 0)
	return out()
}

//go:wasmexport shoal_pieces_taken
func piecesTaken(now float64, peer, chunk, first, count, ok int32) int32 {
	machine.PiecesTaken(micros(now), scheduler.Peer(peer), scheduler.Chunk(chunk), int(first), int(count), ok != 0)
	return out()
}

//go:wasmexport shoal_learn
func learn(now, age float64) int32 {
	learned = 0
	if r, err := wire.ParseRecord(in(wire.RecordSize)); err == nil {
		learned = machine.Learn(micros(now), &r, micros(age))
	}
	return out()
}

// recordTaken finds in the input the record that the action held.
//
//go:wasmexport shoal_record_taken
func recordTaken(now float64, peer, ok int32) int32 {
	learned = 0
	if r, err := wire.ParseRecord(in(wire.RecordSize)); err == nil {
		learned = machine.RecordTaken(micros(now), scheduler.Peer(peer), &r, ok != 0)
	}
	return out()
}

//go:wasmexport shoal_reloaded
func reloaded(now float64, ok int32) int32 {
	machine.Reloaded(micros(now), ok != 0)
	return out()
}

//go:wasmexport shoal_learned
func learnedChunk() int32 { return int32(learned) }

//go:wasmexport shoal_need
func need(now float64, chunk int32, deadline float64) int32 {
	machine.Need(micros(now), scheduler.Chunk(chunk), micros(deadline))
	return out()
}

//go:wasmexport shoal_unneed
func unneed(now float64, chunk int32) int32 {
	machine.Unneed(micros(now), scheduler.Chunk(chunk))
	return out()
}

//go:wasmexport shoal_arrived
func arrived(now float64, chunk, first, count int32) int32 {
	machine.Arrived(micros(now), scheduler.Chunk(chunk), int(first), int(count))
	return out()
}

//go:wasmexport shoal_fetched
func fetched(now float64, chunk, first, count, ok int32) int32 {
	machine.Fetched(micros(now), scheduler.Chunk(chunk), int(first), int(count), ok != 0)
	return out()
}

//go:wasmexport shoal_held
func held(now float64, chunk int32) int32 {
	machine.Held(micros(now), scheduler.Chunk(chunk))
	return out()
}

//go:wasmexport shoal_tick
func tick(now float64) int32 { machine.Tick(micros(now)); return out() }

//go:wasmexport shoal_next
func next() float64 { return float64(machine.Next()) / 1000 }

//go:wasmexport shoal_beacon_seconds
func beaconSeconds() int32 { return int32(machine.BeaconSeconds()) }

//go:wasmexport shoal_hold_back
func holdBack() float64 { return float64(machine.HoldBack()) / 1000 }

//go:wasmexport shoal_weight
func weight() int32 { return int32(machine.Weight()) }

//go:wasmexport shoal_links
func links() int32 { return int32(machine.Stats().Links) }

//go:wasmexport shoal_watching
func watching(rendition int32) int32 { return int32(machine.Watching(uint8(rendition))) }

//go:wasmexport shoal_waiting
func waiting() float64 { return float64(machine.Waiting()) / 1000 }

//go:wasmexport shoal_off
func off() int32 {
	if machine.Off() {
		return 1
	}
	return 0
}

//go:wasmexport shoal_duplicate_bytes
func duplicateBytes() float64 { return float64(machine.Stats().DuplicateBytes) }

//go:wasmexport shoal_roster
func roster() int32 { return int32(machine.Stats().RosterSize) }
