package trunk_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"reflect"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/trunk"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func Example() {
	batch := trunk.Begin(nil, "north")
	batch = trunk.Word{Kind: trunk.Leave, Stream: "demo", Session: 7, Number: 1, Body: trunk.AppendIDs(nil, 11, 12)}.Append(batch)
	from, words, err := trunk.Parse(batch)
	if err != nil {
		panic(err)
	}
	left, _ := trunk.ParseIDs(words[0].Body)
	fmt.Println(from, words[0].Stream, left)
	// Output: north demo [11 12]
}

// The bytes that trackers of this version must produce.
func TestVectors(t *testing.T) {
	seat := trunk.Seat{
		Member:  wire.Member{ID: 0x0102030405060708, Flags: 9, Rendition: 10, Weight: 0x0b0c},
		Network: 0x11, Prefix: 0x16, Origin: 0x12, Region: 0x13, RoundTrip: 0x14, Cell: 0x15,
		Joined: 0x17, Token: [16]byte{0x18, 15: 0x19},
	}
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"batch", trunk.Begin(nil, "ab"), "02 02 6162"},
		{"word", trunk.Word{Kind: trunk.Beat, Stream: "s", Session: 1, Number: 2, Body: []byte{3}}.Append(nil), "41 01 73 0000000000000001 00000002 00000001 03"},
		{"seat", seat.Append(nil), "0102030405060708 09 0a 0b0c 0000000000000011 0000000000000016 0000000000000012 00000013 0014 00000015 0000000000000017 18 0000000000000000000000000000 19"},
		{"census", trunk.AppendCensus(nil, 4, nil, []wire.Roster{{Cell: 1, Version: 2, Depth: 3}}), "0000000000000004 00000000 000c 42 00000001 00000002 03 0000"},
		{"time", trunk.AppendTime(nil, 5), "0000000000000005"},
		{"rosters", trunk.AppendRosters(nil, []wire.Roster{{Cell: 1, Version: 2, Depth: 3}}), "000c 42 00000001 00000002 03 0000"},
		{"summary", trunk.Summary{Trackers: 1, Viewers: 2, Cells: 3, Roots: 4, Silence: 5}.Append(nil), "00000001 00000002 00000003 00000004 00000005"},
		{"ended", trunk.AppendEnded(nil, trunk.Ended{ID: 1, Joined: 2}, trunk.Ended{ID: 3, Joined: -1}), "0000000000000001 0000000000000002 0000000000000003 ffffffffffffffff"},
		{"signal", trunk.AppendSignal(nil, 1, 2, []byte{3}), "0000000000000001 0000000000000002 03"},
		{"notice", trunk.AppendNotice(nil, 1, []wire.ViewerID{2}, []byte{3}), "00000001 0001 0000000000000002 03"},
	} {
		want, err := hex.DecodeString(string(bytes.ReplaceAll([]byte(c.want), []byte(" "), nil)))
		if err != nil || !bytes.Equal(c.got, want) {
			t.Errorf("%s: %x, want %s", c.name, c.got, c.want)
		}
	}
	if n := len(seat.Append(nil)); n != trunk.SeatSize {
		t.Errorf("a seat has %d bytes, want %d", n, trunk.SeatSize)
	}
	if seats, err := trunk.ParseSeats(seat.Append(seat.Append(nil))); err != nil || !reflect.DeepEqual(seats, []trunk.Seat{seat, seat}) {
		t.Errorf("seats %+v, %v", seats, err)
	}
}

func TestRefused(t *testing.T) {
	whole := trunk.Word{Kind: trunk.Enter, Stream: "demo", Body: make([]byte, trunk.SeatSize)}.Append(trunk.Begin(nil, "x"))
	for n := range whole {
		if _, _, err := trunk.Parse(whole[:n]); err == nil && n != len("vlx") {
			t.Errorf("a batch cut at %d of %d is taken", n, len(whole))
		}
	}
	if _, _, err := trunk.Parse(append([]byte{trunk.Version + 1}, whole[1:]...)); err != trunk.ErrVersion {
		t.Errorf("another version: %v", err)
	}
	long := trunk.Word{Stream: string(make([]byte, 65))}.Append(trunk.Begin(nil, "x"))
	if _, _, err := trunk.Parse(long); err != trunk.ErrName {
		t.Errorf("a long name: %v", err)
	}
	for name, err := range map[string]error{
		"seats":   second(trunk.ParseSeats(make([]byte, trunk.SeatSize+1))),
		"rosters": second(trunk.ParseRosters([]byte{0, 5, 1})),
		"summary": second(trunk.ParseSummary(make([]byte, 19))),
		"time":    second(trunk.ParseTime(make([]byte, 7))),
		"census":  fourth(trunk.ParseCensus([]byte{0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0})),
		"ids":     second(trunk.ParseIDs(make([]byte, 9))),
		"ended":   second(trunk.ParseEnded(make([]byte, 24))),
		"signal":  fourth(trunk.ParseSignal(make([]byte, 16))),
		"notice":  fourth(trunk.ParseNotice([]byte{0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 9})),
	} {
		if err == nil {
			t.Errorf("%s: a body that is short is taken", name)
		}
	}
}

func second[A any](_ A, err error) error               { return err }
func fourth[A, B, C any](_ A, _ B, _ C, e error) error { return e }

func FuzzParse(f *testing.F) {
	b := trunk.Begin(nil, "north")
	for _, k := range []trunk.Kind{trunk.Census, trunk.Signal, trunk.Notice, trunk.Deliver, trunk.Leave, trunk.Gone} {
		b = trunk.Word{Kind: k, Stream: "demo", Session: 1, Number: 2, Body: make([]byte, 2*trunk.SeatSize)}.Append(b)
	}
	f.Add(b)
	f.Add(b[:20])
	seat := trunk.Seat{Member: wire.Member{ID: 1}, Cell: 2}
	census := trunk.AppendCensus(nil, 5, []trunk.Seat{seat}, []wire.Roster{{Cell: 2, Version: 3, Members: []wire.Member{{ID: 1}, {ID: 4}}}})
	f.Add(trunk.Word{Kind: trunk.GuestBeat, Stream: "demo", Session: 1, Body: trunk.AppendTime(nil, 5)}.Append(trunk.Begin(nil, "north")))
	f.Add(trunk.Word{Kind: trunk.Census, Stream: "demo", Session: 1, Body: census}.Append(trunk.Begin(nil, "north")))
	f.Fuzz(func(t *testing.T, batch []byte) {
		from, words, err := trunk.Parse(batch)
		if err != nil {
			return
		}
		again := trunk.Begin(nil, from)
		for _, w := range words {
			again = w.Append(again)
			if seats, err := trunk.ParseSeats(w.Body); err == nil {
				var body []byte
				for _, s := range seats {
					body = s.Append(body)
				}
				if !bytes.Equal(body, w.Body) {
					t.Fatalf("seats %x became %x", w.Body, body)
				}
			}
			if now, err := trunk.ParseTime(w.Body); err == nil && !bytes.HasPrefix(w.Body, trunk.AppendTime(nil, now)) {
				t.Fatalf("time %x changed", w.Body)
			}
			if now, seats, rosters, err := trunk.ParseCensus(w.Body); err == nil {
				again := trunk.AppendCensus(nil, now, seats, rosters)
				if n, s, r, err := trunk.ParseCensus(again); err != nil || n != now || !reflect.DeepEqual(s, seats) || !reflect.DeepEqual(r, rosters) {
					t.Fatalf("census %x became %x", w.Body, again)
				}
			}
			if rosters, err := trunk.ParseRosters(w.Body); err == nil {
				if again, err := trunk.ParseRosters(trunk.AppendRosters(nil, rosters)); err != nil || !reflect.DeepEqual(again, rosters) {
					t.Fatalf("rosters %x changed", w.Body)
				}
			}
			if ids, err := trunk.ParseIDs(w.Body); err == nil && !bytes.Equal(trunk.AppendIDs(nil, ids...), w.Body) {
				t.Fatalf("viewers %x changed", w.Body)
			}
			if sockets, err := trunk.ParseEnded(w.Body); err == nil && !bytes.Equal(trunk.AppendEnded(nil, sockets...), w.Body) {
				t.Fatalf("sockets %x changed", w.Body)
			}
			if from, to, payload, err := trunk.ParseSignal(w.Body); err == nil && !bytes.Equal(trunk.AppendSignal(nil, from, to, payload), w.Body) {
				t.Fatalf("signal %x changed", w.Body)
			}
			if cell, to, m, err := trunk.ParseNotice(w.Body); err == nil && !bytes.Equal(trunk.AppendNotice(nil, cell, to, m), w.Body) {
				t.Fatalf("notice %x changed", w.Body)
			}
		}
		if !bytes.Equal(again, batch) {
			t.Fatalf("%x became %x", batch, again)
		}
	})
}
