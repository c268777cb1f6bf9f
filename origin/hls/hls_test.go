package hls

import (
	"encoding/base64"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/swarm/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var config = Config{Epoch: 77, Target: 2 * time.Second, PartTarget: 334 * time.Millisecond, Listed: 5, PartsFor: 3}

var began = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

// record stands for a signed record; only its place in the playlist matters here.
func record(name string) string {
	b := make([]byte, wire.RecordSize)
	copy(b, name)
	return base64.RawStdEncoding.EncodeToString(b)
}

// author fills a window part by part.
type author struct {
	w    *Window
	msn  uint64
	part int
	disc uint64
	init *Init
	brk  bool
}

func newAuthor(w *Window) *author {
	return &author{w: w, init: &Init{Number: 0, Bytes: []byte("init0"), Record: record("init0.mp4"), Pieces: "hashes.of.init0.mp4"}}
}

func (a *author) write(final bool) {
	if a.part == 0 {
		a.w.Open(Segment{
			MSN: a.msn, Init: a.init, Break: a.brk, Discontinuity: a.disc,
			Date: began.Add(time.Duration(a.msn) * 2 * time.Second),
		})
		a.brk = false
	}
	name := Name{Kind: KindPart, Number: a.msn, Part: a.part}.String()
	a.w.Add(Part{
		Duration: 333 * time.Millisecond, Independent: a.part == 0, Bytes: []byte("<" + name + ">"), Record: record(name),
		Pieces: "hashes.of." + name,
	}, final)
	a.part++
	if final {
		a.msn, a.part = a.msn+1, 0
	}
}

func (a *author) segments(n int) {
	for range n {
		for p := range 6 {
			a.write(p == 5)
		}
	}
}

func (a *author) discontinuity(parameters bool) {
	a.brk = true
	a.disc++
	if parameters {
		n := a.init.Number + 1
		name := Name{Kind: KindInit, Number: n}.String()
		a.init = &Init{Number: n, Bytes: []byte(name), Record: record(name)}
	}
}
