package trunk

import (
	"encoding/binary"
	"math"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Seat is what a keeper must know of a viewer to find it a place.
type Seat struct {
	Member    wire.Member
	Network   uint64
	Prefix    uint64
	Origin    uint64
	Region    uint32
	RoundTrip uint16
	Cell      uint32
	Joined    int64 // in the sender's time
	Token     [16]byte
}

// SeatSize is the length of a seat.
const SeatSize = 12 + 8 + 8 + 8 + 4 + 2 + 4 + 8 + 16

// Append appends the seat to a body.
func (s Seat) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(s.Member.ID))
	b = append(b, s.Member.Flags, s.Member.Rendition)
	b = binary.BigEndian.AppendUint16(b, s.Member.Weight)
	b = binary.BigEndian.AppendUint64(b, s.Network)
	b = binary.BigEndian.AppendUint64(b, s.Prefix)
	b = binary.BigEndian.AppendUint64(b, s.Origin)
	b = binary.BigEndian.AppendUint32(b, s.Region)
	b = binary.BigEndian.AppendUint16(b, s.RoundTrip)
	b = binary.BigEndian.AppendUint32(b, s.Cell)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Joined))
	return append(b, s.Token[:]...)
}

// ParseSeats reads the body of Enter and Change.
func ParseSeats(body []byte) ([]Seat, error) {
	r := reader{b: body}
	seats := make([]Seat, 0, len(body)/SeatSize)
	for len(r.b) > 0 && !r.short {
		seats = append(seats, Seat{
			Member:  wire.Member{ID: wire.ViewerID(r.u64()), Flags: r.u8(), Rendition: r.u8(), Weight: r.u16()},
			Network: r.u64(), Prefix: r.u64(), Origin: r.u64(), Region: r.u32(), RoundTrip: r.u16(), Cell: r.u32(), Joined: int64(r.u64()),
		})
		copy(seats[len(seats)-1].Token[:], r.take(16))
	}
	if r.short {
		return nil, ErrShort
	}
	return seats, nil
}

// AppendTime appends the body of a guest's Beat: its time.
func AppendTime(b []byte, now int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(now)) }

// ParseTime reads it.
func ParseTime(body []byte) (now int64, err error) {
	r := reader{b: body}
	if now = int64(r.u64()); r.short {
		return 0, ErrShort
	}
	return now, nil
}

// AppendCensus appends the body of a Census, as it is at a time of the sender's.
func AppendCensus(b []byte, now int64, seats []Seat, rosters []wire.Roster) []byte {
	b = AppendTime(b, now)
	b = binary.BigEndian.AppendUint32(b, uint32(len(seats)))
	for _, s := range seats {
		b = s.Append(b)
	}
	return AppendRosters(b, rosters)
}

// AppendRosters appends the body of a Bequest.
func AppendRosters(b []byte, rosters []wire.Roster) []byte {
	for _, r := range rosters {
		m := r.Append(nil)
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(m))), m...)
	}
	return b
}

// ParseRosters reads it. One that makes no sense makes the whole an error.
func ParseRosters(body []byte) (rosters []wire.Roster, err error) {
	r := reader{b: body}
	for len(r.b) > 0 && !r.short {
		roster, err := wire.ParseRoster(r.take(int(r.u16())))
		if err != nil {
			return nil, err
		}
		if roster.Cell > math.MaxInt32 {
			return nil, ErrCell
		}
		rosters = append(rosters, roster)
	}
	if r.short {
		return nil, ErrShort
	}
	return rosters, nil
}

// ParseCensus reads it.
func ParseCensus(body []byte) (now int64, seats []Seat, rosters []wire.Roster, err error) {
	r := reader{b: body}
	now = int64(r.u64())
	n := int(min(r.u32(), math.MaxInt32/SeatSize))
	if seats, err = ParseSeats(r.take(n * SeatSize)); err != nil {
		return 0, nil, nil, err
	}
	if r.short {
		return 0, nil, nil, ErrShort
	}
	if rosters, err = ParseRosters(r.b); err != nil {
		return 0, nil, nil, err
	}
	return now, seats, rosters, nil
}

// Ended is a viewer's socket that is to end, or to be asked whether it has: that of this Join or of an earlier one.
type Ended struct {
	ID     wire.ViewerID
	Joined int64 // in the receiver's time, as its Seat said
}

// AppendEnded appends sockets to the body of Gone, Taken, Rouse and Soon.
func AppendEnded(b []byte, sockets ...Ended) []byte {
	for _, s := range sockets {
		b = binary.BigEndian.AppendUint64(b, uint64(s.ID))
		b = binary.BigEndian.AppendUint64(b, uint64(s.Joined))
	}
	return b
}

// ParseEnded reads such a body.
func ParseEnded(body []byte) ([]Ended, error) {
	if len(body)%16 != 0 {
		return nil, ErrShort
	}
	r := reader{b: body}
	sockets := make([]Ended, len(body)/16)
	for i := range sockets {
		sockets[i] = Ended{wire.ViewerID(r.u64()), int64(r.u64())}
	}
	return sockets, nil
}

// AppendIDs appends viewers to the body of Leave and Resend.
func AppendIDs(b []byte, ids ...wire.ViewerID) []byte {
	for _, id := range ids {
		b = binary.BigEndian.AppendUint64(b, uint64(id))
	}
	return b
}

// ParseIDs reads such a body.
func ParseIDs(body []byte) ([]wire.ViewerID, error) {
	if len(body)%8 != 0 {
		return nil, ErrShort
	}
	r := reader{b: body}
	ids := make([]wire.ViewerID, len(body)/8)
	for i := range ids {
		ids[i] = wire.ViewerID(r.u64())
	}
	return ids, nil
}

// AppendSignal appends the body of a Signal and of a Deliver.
func AppendSignal(b []byte, from, to wire.ViewerID, payload []byte) []byte {
	return append(AppendIDs(b, from, to), payload...)
}

// ParseSignal reads it.
func ParseSignal(body []byte) (from, to wire.ViewerID, payload []byte, err error) {
	r := reader{b: body}
	from, to = wire.ViewerID(r.u64()), wire.ViewerID(r.u64())
	if r.short || len(r.b) == 0 || len(r.b) > wire.MaxSignal {
		return 0, 0, nil, ErrShort
	}
	return from, to, r.b, nil
}

// AppendNotice appends the body of a Notice.
func AppendNotice(b []byte, cell uint32, to []wire.ViewerID, message []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, cell)
	b = binary.BigEndian.AppendUint16(b, uint16(len(to)))
	return append(AppendIDs(b, to...), message...)
}

// ParseNotice reads it.
func ParseNotice(body []byte) (cell uint32, to []wire.ViewerID, message []byte, err error) {
	r := reader{b: body}
	cell = r.u32()
	n := int(r.u16())
	for range min(n, len(r.b)/8) {
		to = append(to, wire.ViewerID(r.u64()))
	}
	if r.short || len(to) < n || len(r.b) == 0 || len(r.b) > wire.MaxMessage {
		return 0, nil, nil, ErrShort
	}
	return cell, to, r.b, nil
}

// Summary is how a swarm does as a whole, and for how many milliseconds its keeper has heard nothing of the guest that it tells.
type Summary struct{ Trackers, Viewers, Cells, Roots, Silence uint32 }

// Append appends the body of a Beat.
func (s Summary) Append(b []byte) []byte {
	for _, n := range [...]uint32{s.Trackers, s.Viewers, s.Cells, s.Roots, s.Silence} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// ParseSummary reads it.
func ParseSummary(body []byte) (Summary, error) {
	r := reader{b: body}
	s := Summary{r.u32(), r.u32(), r.u32(), r.u32(), r.u32()}
	if r.short {
		return Summary{}, ErrShort
	}
	return s, nil
}
