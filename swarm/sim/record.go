package sim

import (
	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

// takeRecord verifies a record: it is the stream's, or it is not.
func (v *viewer) takeRecord(a scheduler.Action) {
	r, err := wire.ParseRecord(a.Bytes)
	ok := false
	if err == nil {
		if part := v.w.partOf(r.ID); part >= 0 && part < len(v.stream.parts) {
			ok = v.stream.parts[part] == r
		}
	}
	m := v.w.take(tracked)
	m.bytes = append(m.bytes, a.Bytes...)
	v.owe(call{what: callRecordTaken, peer: a.Peer, msg: m, ok: ok})
}

// recordTaken tells whether a peer's record is the stream's.
func (v *viewer) recordTaken(c call) {
	r, err := wire.ParseRecord(c.msg.bytes)
	v.w.free(c.msg)
	if err != nil {
		return
	}
	if h := v.core.RecordTaken(v.w.now, c.peer, &r, c.ok); h != 0 {
		v.learned(v.w.partOf(r.ID), h)
		v.play()
		v.replayParked()
	}
}

// partOf returns the number of a part.
func (w *world) partOf(id wire.ChunkID) int { return int(id.MSN)*partsPerSegment + int(id.Part) }

// recordOf returns the record of a part, or of the init segment.
func (v *viewer) recordOf(part int) *wire.Record {
	if part == initPart {
		return &v.stream.init
	}
	return &v.stream.parts[part]
}
