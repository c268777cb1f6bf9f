package wire_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// change returns a copy of b with the byte at i set.
func change(b []byte, i int, to byte) []byte {
	b = bytes.Clone(b)
	b[i] = to
	return b
}

func TestBounds(t *testing.T) {
	all := vectors(t)
	members := make([]wire.Member, wire.MaxMembers+1)
	servers := make([]wire.ICEServer, wire.MaxICEServers+1)
	bridges := make([]wire.Bridge, wire.MaxBridges+1)
	left := make([]wire.ViewerID, wire.MaxMembers+1)
	long := func(n int) []byte { return bytes.Repeat([]byte{1}, n) }
	for _, c := range []struct {
		name, kind string
		b          []byte
		want       error
	}{
		{"chunk of no kind", "chunk", change(all["chunk/part"], 5, 3), wire.ErrBounds},
		{"record of a later version", "record", change(all["record/part"], 0, 2), wire.ErrVersion},
		{"record of no kind", "record", change(all["record/part"], 9, 3), wire.ErrBounds},
		{"record of small pieces", "record", change(all["record/init"], 2, 3), wire.ErrBounds},
		{"record of large pieces", "record", change(all["record/largest"], 3, 1), wire.ErrBounds},
		{"record of nothing", "record", append(bytes.Clone(all["record/init"][:28]), make([]byte, 100)...), wire.ErrBounds},
		{"record of too much", "record", change(all["record/largest"], 31, 1), wire.ErrBounds},
		{"frame of no kind of chunk", "frame", change(all["frame/have"], 17, 3), wire.ErrBounds},
		{"frame, longest", "frame", append(bytes.Clone(all["frame/fetching"]), long(wire.MaxFramePayload)...), nil},
		{"frame, too long", "frame", append(bytes.Clone(all["frame/fetching"]), long(wire.MaxFramePayload+1)...), wire.ErrBounds},
		{"join of another type", "join", change(all["join/plain"], 0, 2), wire.ErrType},
		{"join of a later version", "join", change(all["join/plain"], 1, wire.ProtocolVersion+1), wire.ErrVersion},
		{"join of a later version and shape", "join", []byte{1, wire.ProtocolVersion + 1}, wire.ErrVersion},
		{"join, longest", "join", wire.Join{Stream: strings.Repeat("a", wire.MaxName)}.Append(nil), nil},
		{"join, name too long", "join", wire.Join{Stream: strings.Repeat("a", wire.MaxName+1)}.Append(nil), wire.ErrBounds},
		{"update of another type", "update", change(all["update"], 0, 1), wire.ErrType},
		{"signal, longest", "signal", wire.Signal{Type: wire.TypeSignal, Payload: long(wire.MaxSignal)}.Append(nil), nil},
		{"signal, too long", "signal", wire.Signal{Type: wire.TypeSignal, Payload: long(wire.MaxSignal + 1)}.Append(nil), wire.ErrBounds},
		{"signal, empty", "signal", wire.Signal{Type: wire.TypeSignal}.Append(nil), wire.ErrShort},
		{"signal of the other direction", "signal", all["signalled/answer"], wire.ErrType},
		{"message, longest", "refused", append([]byte{0x45, 1, 0, 0}, long(wire.MaxMessage-4)...), nil},
		{"message, too long", "refused", append([]byte{0x45, 1, 0, 0}, long(wire.MaxMessage-3)...), wire.ErrBounds},
		{"welcome of a later version", "welcome", change(all["welcome/plain"], 1, wire.ProtocolVersion+1), wire.ErrVersion},
		{"welcome, most servers", "welcome", wire.Welcome{ICEServers: servers[1:]}.Append(nil), nil},
		{"welcome, too many servers", "welcome", wire.Welcome{ICEServers: servers}.Append(nil), wire.ErrBounds},
		{"servers, too many", "servers", wire.Servers{ICEServers: servers}.Append(nil), wire.ErrBounds},
		{"roster, most members", "roster", wire.Roster{Members: members[1:]}.Append(nil), nil},
		{"roster, too many members", "roster", wire.Roster{Members: members}.Append(nil), wire.ErrBounds},
		{"bridges, most", "bridges", wire.Bridges{Bridges: bridges[1:]}.Append(nil), nil},
		{"bridges, too many", "bridges", wire.Bridges{Bridges: bridges}.Append(nil), wire.ErrBounds},
		{"delta, most", "delta", wire.Delta{Set: members[1:], Left: left[1:]}.Append(nil), nil},
		{"delta, too many set", "delta", wire.Delta{Set: members}.Append(nil), wire.ErrBounds},
		{"delta, too many left", "delta", wire.Delta{Left: left}.Append(nil), wire.ErrBounds},
	} {
		if _, err := parse(c.kind, c.b); err != c.want {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestPieceSize(t *testing.T) {
	for _, c := range []struct {
		size   int
		want   uint16
		pieces int
	}{
		{1, 1128, 1}, {1128, 1128, 1}, {1129, 1128, 2}, {32768, 1128, 30}, {43210, 1128, 39}, {55487, 1128, 50}, {55488, 2284, 25},
		{100000, 3440, 30}, {524288, 16156, 33}, {540000, 16384, 33}, {1 << 20, 16384, 64}, {wire.MaxChunkSize, 16384, 512},
	} {
		r := wire.Record{Size: uint32(c.size), PieceSize: wire.PieceSize(c.size)}
		if r.PieceSize != c.want || r.Pieces() != c.pieces {
			t.Errorf("%d bytes: %d pieces of %d, want %d of %d", c.size, r.Pieces(), r.PieceSize, c.pieces, c.want)
		}
	}
}

// TestPiecesCoverTheChunk looks at every size up to 40,000 bytes and at some beyond.
func TestPiecesCoverTheChunk(t *testing.T) {
	for size := 1; size <= wire.MaxChunkSize; size += 1 + size/40000*997 {
		r := wire.Record{Size: uint32(size), PieceSize: wire.PieceSize(size)}
		if r.PieceSize < wire.MinPieceSize || r.PieceSize > wire.MaxPieceSize {
			t.Fatalf("%d bytes: pieces of %d", size, r.PieceSize)
		}
		n := r.Pieces()
		end := 0
		for i := range n {
			from, to := r.PieceBounds(i, 1)
			if from != end || to <= from || i < n-1 && to-from != int(r.PieceSize) {
				t.Fatalf("%d bytes: piece %d is %d to %d after %d", size, i, from, to, end)
			}
			end = to
		}
		if from, to := r.PieceBounds(0, n); end != size || from != 0 || to != size {
			t.Fatalf("%d bytes: the pieces end at %d", size, end)
		}
	}
}

func TestElects(t *testing.T) {
	able := wire.MayUpload | wire.Ready
	for _, c := range []struct {
		name   string
		flags  uint8
		weight uint16
		want   bool
	}{
		{"able", able, 1, true},
		{"flags of later versions", able | 0xf0, 1, true},
		{"no uplink", able, 0, false},
		{"not ready", wire.MayUpload, 1, false},
		{"may not upload", wire.Ready, 1, false},
		{"metered", able | wire.Metered, 1, false},
		{"hidden", able | wire.Hidden, 1, false},
	} {
		if got := (wire.Member{ID: 1, Flags: c.flags, Weight: c.weight}).Elects(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestBulk(t *testing.T) {
	for _, f := range []wire.FrameType{wire.Have, wire.Fetching, wire.Failed, wire.Want, wire.Deny, wire.Forward, 0x7f} {
		if f.Bulk() {
			t.Errorf("frame type %#x is bulk", f)
		}
	}
	if !wire.Hashes.Bulk() || !wire.Pieces.Bulk() {
		t.Error("hashes or pieces are not bulk")
	}
}

func TestCompareOrdersAsPlayed(t *testing.T) {
	ordered := []wire.ChunkID{
		{}, {Kind: wire.Segment}, {Rendition: 1}, {Part: 1}, {Part: 1, Rendition: 255, Kind: wire.Init}, {Part: 2},
		{MSN: 1}, {MSN: 256, Part: 0}, {MSN: 1 << 40}, {Epoch: 1}, {Epoch: 1, MSN: 1},
	}
	shuffled := slices.Clone(ordered)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	slices.SortFunc(shuffled, wire.ChunkID.Compare)
	if !slices.Equal(shuffled, ordered) {
		t.Errorf("sorted: %+v", shuffled)
	}
	for _, id := range ordered {
		if id.Compare(id) != 0 {
			t.Errorf("%+v differs from itself", id)
		}
	}
}

// TestMixAndHashStay: the owner of a chunk is elected by these numbers, so that they must never change.
func TestMixAndHashStay(t *testing.T) {
	if got := wire.Mix(0); got != 0xe220a8397b1dcdaf { // the first number of SplitMix64 from seed 0
		t.Errorf("Mix(0) = %#x", got)
	}
	if got := somePart.Hash(); got != 0xd242f36b703df5cd {
		t.Errorf("hash of chunk/part %#x", got)
	}
	if got := someInit.Hash(); got != 0xf7fee3b1ee205f9c {
		t.Errorf("hash of chunk/init %#x", got)
	}
	var ones [64]int
	const n = 1 << 14
	for i := range uint64(n) {
		h := wire.ChunkID{Epoch: 1700000000, MSN: i}.Hash()
		for bit := range ones {
			ones[bit] += int(h >> bit & 1)
		}
	}
	for bit, count := range ones {
		if count < n*45/100 || count > n*55/100 {
			t.Errorf("bit %d is set in %d of %d hashes", bit, count, n)
		}
	}
}
