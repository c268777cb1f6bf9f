package wire_test

import (
	"bytes"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

// fuzz checks of one kind that whatever is accepted reads as it was written.
func fuzz(f *testing.F, kind string) {
	for name, b := range vectors(f) {
		if kindOf(name) == kind {
			f.Add(b)
			f.Add(append(bytes.Clone(b), 0))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		v, err := parse(kind, b)
		if !bytes.Equal(b, before) {
			t.Fatal("the parser wrote into the message")
		}
		if err != nil {
			return
		}
		if again := v.Append(nil); !bytes.HasPrefix(b, again) {
			t.Fatalf("%x reads as %+v, which is written %x", b, v, again)
		}
	})
}

func FuzzParseChunkID(f *testing.F)   { fuzz(f, "chunk") }
func FuzzParseRecord(f *testing.F)    { fuzz(f, "record") }
func FuzzParseFrame(f *testing.F)     { fuzz(f, "frame") }
func FuzzParseJoin(f *testing.F)      { fuzz(f, "join") }
func FuzzParseUpdate(f *testing.F)    { fuzz(f, "update") }
func FuzzParseSignal(f *testing.F)    { fuzz(f, "signal") }
func FuzzParseBeacon(f *testing.F)    { fuzz(f, "beacon") }
func FuzzParseWelcome(f *testing.F)   { fuzz(f, "welcome") }
func FuzzParseServers(f *testing.F)   { fuzz(f, "servers") }
func FuzzParseRoster(f *testing.F)    { fuzz(f, "roster") }
func FuzzParseBridges(f *testing.F)   { fuzz(f, "bridges") }
func FuzzParseDelta(f *testing.F)     { fuzz(f, "delta") }
func FuzzParseSignalled(f *testing.F) { fuzz(f, "signalled") }
func FuzzParseControl(f *testing.F)   { fuzz(f, "control") }
func FuzzParseRefused(f *testing.F)   { fuzz(f, "refused") }

// FuzzRecordIsUsable: a record that is accepted can be divided into pieces without a check more.
func FuzzRecordIsUsable(f *testing.F) {
	for name, b := range vectors(f) {
		if kindOf(name) == "record" {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := wire.ParseRecord(b)
		if err != nil {
			return
		}
		n := r.Pieces()
		if _, to := r.PieceBounds(n-1, 1); n < 1 || n > wire.MaxChunkSize/wire.MinPieceSize || to != int(r.Size) {
			t.Fatalf("%+v: %d pieces end at %d", r, n, to)
		}
	})
}
