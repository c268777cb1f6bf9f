// Steps records how a viewer's scheduler is driven: one member of a cell of 24, in a stream of 3 renditions, through
// the lives of many chunks. It prints one JSON object, from which the same calls are made again elsewhere; bench scheduler
// makes them in a browser.
//
//	{"start": [STEP...], "lives": [[STEP...]...]}
//
// A step is {"call": NAME, "args": [...], "actions": N}: the name is that of a method of the player's Scheduler
// (player/src/scheduler.ts), an argument is a number, a text, a truth, {"bytes": BASE64}, or what a viewer is, {"flags",
// "rendition", "most"}, and N is how many actions the call led to. Times are milliseconds.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	members    = 24
	renditions = 3
	lives      = 1500 // chunks of the rendition that is watched
	chunkSize  = 41_000
	partMillis = 333
	run        = 2   // pieces in a frame
	weight     = 500 // of each member
)

type step struct {
	Call    string `json:"call"`
	Args    []any  `json:"args"`
	Actions int    `json:"actions"`
}

type octets struct {
	Bytes []byte `json:"bytes"`
}

type self struct {
	Flags     uint8  `json:"flags"`
	Rendition uint8  `json:"rendition"`
	Most      uint16 `json:"most"`
}

// A recorder drives a scheduler and notes how.
type recorder struct {
	s     *scheduler.Scheduler
	steps []step
}

func (r *recorder) note(call string, args ...any) {
	r.steps = append(r.steps, step{call, args, len(r.s.Actions())})
}

func (r *recorder) taken() []step {
	steps := r.steps
	r.steps = nil
	return steps
}

func micros(millis int) scheduler.Time { return scheduler.Time(millis) * scheduler.Millisecond }

func main() {
	flags := wire.MayUpload
	r := &recorder{s: scheduler.New(scheduler.Config{Stream: "demo", Flags: flags})}
	r.note("start", octets{make([]byte, 16)}, self{Flags: flags}, "demo", "")
	r.join(flags)
	record := struct {
		Start []step   `json:"start"`
		Lives [][]step `json:"lives"`
	}{Start: r.taken()}
	for i := range lives {
		r.live(i)
		record.Lives = append(record.Lives, r.taken())
	}
	if err := json.NewEncoder(os.Stdout).Encode(record); err != nil {
		fmt.Fprintf(os.Stderr, "steps: %v\n", err)
		os.Exit(1)
	}
}

// join brings the viewer into its cell: it has the lowest ID, so it connects to all others.
func (r *recorder) join(flags uint8) {
	r.s.TrackerUp(0)
	r.note("trackerUp", 0)
	roster := wire.Roster{Version: 1}
	for id := range members {
		roster.Members = append(roster.Members, wire.Member{ID: wire.ViewerID(id + 1), Flags: flags | wire.Ready, Weight: weight})
	}
	for _, message := range [][]byte{wire.Welcome{Viewer: 1, BeaconSeconds: 10}.Append(nil), roster.Append(nil)} {
		r.s.TrackerMessage(0, message)
		r.note("trackerMessage", 0, octets{message})
	}
	for peer := 1; peer < members; peer++ {
		r.s.LinkUp(0, scheduler.Peer(peer))
		r.note("linkUp", 0, peer)
	}
}

// live brings chunk number i from its record to the end: all renditions' records are learnt, one is needed, a peer has fetched
// it and sends the hashes, and its pieces come from that peer and the others, who then all hold it.
func (r *recorder) live(i int) {
	now := (i + 1) * partMillis
	at := micros(now)
	var watched wire.Record
	var chunk scheduler.Chunk
	for rendition := range renditions {
		record := wire.Record{
			ID:        wire.ChunkID{Epoch: 1, Rendition: uint8(rendition), MSN: uint64(i / 6), Part: uint16(i % 6)},
			PieceSize: wire.PieceSize(chunkSize), Size: chunkSize, Duration: partMillis * 1000,
		}
		handle := r.s.Learn(at, &record, 0)
		r.note("learn", now, octets{record.Append(nil)}, 0)
		if rendition == 0 {
			watched, chunk = record, handle
		}
	}
	r.s.Need(at, chunk, at+scheduler.Second)
	r.note("need", now, chunk, now+1000)

	owner := i%(members-1) + 1
	r.frame(now, owner, wire.Frame{Type: wire.Hashes, ID: watched.ID}, watched.Pieces()*32)
	r.s.HashesTaken(at, scheduler.Peer(owner), chunk, true)
	r.note("hashesTaken", now, owner, chunk, true)
	for first := 0; first < watched.Pieces(); first += run {
		peer := (owner+first/run-1)%(members-1) + 1
		f := wire.Frame{Type: wire.Pieces, Index: uint16(first), ID: watched.ID}
		if peer == owner {
			f.Flags = wire.FlagRelay // our share
		}
		count := min(run, watched.Pieces()-first)
		from, to := watched.PieceBounds(first, count)
		r.frame(now, peer, f, to-from)
		r.s.PiecesTaken(at, scheduler.Peer(peer), chunk, first, count, true)
		r.note("piecesTaken", now, peer, chunk, first, count, true)
	}
	for peer := 1; peer < members; peer++ {
		r.frame(now, peer, wire.Frame{Type: wire.Have, ID: watched.ID}, 0)
	}
	r.s.Tick(at)
	r.note("tick", now)
}

func (r *recorder) frame(now, peer int, f wire.Frame, payload int) {
	head := f.Append(nil)
	r.s.Frame(micros(now), scheduler.Peer(peer), head, payload)
	r.note("frame", now, peer, octets{head}, payload)
}
