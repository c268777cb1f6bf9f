package rtmp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

// TestUnpublishOpen: who says that it is over, and keeps the connection open, is understood at once, though what comes in little
// pieces is read together; and after a pause it is heard as before.
//
// Clause: rtmp-unpublish
func TestUnpublishOpen(t *testing.T) {
	for name, open := range map[string]func(*testing.T) (*house, *caster){
		"RTMP": func(t *testing.T) (*house, *caster) { h := open(t); return h, h.cast(t) },
		"RTMPS": func(t *testing.T) (*house, *caster) {
			h, dial := openSecure(t)
			b, _ := h.greet(t, dial(), "live", "secret")
			return h, b
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it is mostly waiting
			h, b := open(t)
			d := clipDress()
			b.begin(d)
			tick := time.NewTicker(testclip.Interval / 8)
			defer tick.Stop()
			for n := range 180 {
				at := time.Duration(n) * testclip.Interval
				b.play(d, at, at+testclip.Interval)
				<-tick.C
				if n == 90 {
					pausing := time.NewTimer(2 * rest)
					<-pausing.C
				}
			}
			began := time.Now()
			b.write(ask("FCUnpublish", float64(6), nil, "secret"))
			h.described(t, "interrupted", func(d stream.Description) bool { return d.State == stream.Interrupted && d.LastMSN >= 2 })
			if took := time.Since(began); took > silence/2 { // so long it would take if the silence had to tell
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestPacedBurst: what comes at once is read whole and in order, at beats and after a pause, and the end is the end.
func TestPacedBurst(t *testing.T) {
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := pacedListener{plain, time.Now()}
	defer ln.Close()
	want := make([]byte, 8<<20)
	rand.NewChaCha8([32]byte{}).Read(want)
	sent := make(chan error, 1)
	go func() {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			sent <- err
			return
		}
		_, err = c.Write(want[:len(want)/2])
		time.Sleep(rest + 2*beat)
		_, again := c.Write(want[len(want)/2:])
		sent <- errors.Join(err, again, c.Close())
	}()
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.(*paced).pace(func() (newest, left time.Duration, ok bool) { return 0, 0, false })
	began := time.Now()
	got, err := io.ReadAll(bufio.NewReaderSize(c, readAhead))
	if err := errors.Join(err, <-sent); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d, or others", len(got), len(want))
	}
	t.Logf("%d MiB in %v, %v of it a pause", len(got)>>20, time.Since(began), rest+2*beat)
}

// TestPause: nothing is read until what is waited for should be there. Until much came at once, or each frame is wanted, or the one
// that is waited for is late: then at the next beat.
func TestPause(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		left time.Duration // until the frame that is waited for, of the newest, which came 30 ms ago and is 10 ms on its way
		not  bool          // it is not known
		took int
		want time.Duration // from 1007 ms on
	}{
		{"soon", 33 * ms, false, 0, 13 * ms},
		{"at the beat after", 50 * ms, false, 0, 33 * ms},
		{"too late for it", 70 * ms, false, 0, 53 * ms},
		{"as far as is looked", 114 * ms, false, 0, 93 * ms},
		{"far", 333 * ms, false, 0, 33 * ms}, // at 1040
		{"late", 10 * ms, false, 0, 13 * ms},
		{"unknown", 333 * ms, true, 0, 13 * ms},
		{"much", 333 * ms, false, plenty + 1, 13 * ms},
	} {
		beats := time.Now()
		p := paced{beats: beats, heard: beats.Add(977 * ms), took: c.took, awaited: func() (time.Duration, time.Duration, bool) {
			return 967 * ms, c.left, !c.not
		}}
		if got := p.pause(beats.Add(1007 * ms)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestLag: frames that come late do not say that all do, and when all do it is learned after a while.
func TestLag(t *testing.T) {
	var l lag
	at := time.Duration(0)
	for _, c := range []struct {
		seen, want time.Duration
		after      time.Duration
	}{
		{50, 50, 0}, {60, 50, turn / 2}, {40, 40, 1}, {90, 40, 1},
		{70, 40, turn}, // of the turn that ends 40 is the least
		{80, 40, turn / 2},
		{75, 70, turn}, {90, 75, 2 * turn},
	} {
		at += c.after
		if l.note(c.seen, at); l.least != c.want {
			t.Errorf("%v at %v: %v, want %v", c.seen, at, l.least, c.want)
		}
	}
}
