package hls

import (
	"fmt"
	"testing"
	"time"
)

// filled returns a window with so many segments listed, three of them with parts, and two parts of the next.
func filled(segments int) (*Window, *author) {
	c := hours
	c.Listed = segments
	if segments < 100 {
		c.InMemory = 0
	}
	w := NewWindow(c, 0, nil)
	a := newAuthor(w)
	disk := &archive{bytes: make([]byte, 100)}
	for range segments {
		a.segments(1)
		w.Stored(a.msn-1, disk, 0, 100)
	}
	a.write(false)
	return w, a
}

// BenchmarkPart is what a new part costs: the view, and the first answer made of it. The second and all further answers of
// a view are there already.
func BenchmarkPart(b *testing.B) {
	for _, segments := range []int{10, 3600, 10800} {
		for _, kind := range []string{"view", "full", "full gzipped", "delta", "delta gzipped"} {
			b.Run(fmt.Sprintf("%d/%s", segments, kind), func(b *testing.B) {
				w, a := filled(segments)
				playlist(w)
				b.ReportAllocs()
				size := 0
				for b.Loop() {
					if a.part == 5 {
						a.write(true)
						w.Stored(a.msn-1, &archive{}, 0, 100)
					} else {
						a.write(false)
					}
					v, _ := w.View()
					if kind == "view" {
						continue
					}
					p := v.playlist(kind[0] == 'd', "")
					size = len(p.plain)
					if len(kind) > 5 {
						size = len(p.pack())
					}
				}
				b.ReportMetric(float64(size), "bytes")
			})
		}
	}
}

// BenchmarkFirst is the first playlist of a window that begins with hours of segments: each segment's lines are written.
func BenchmarkFirst(b *testing.B) {
	var past []*Segment
	init := &Init{Record: record("init0.mp4")}
	for msn := range uint64(3600) {
		past = append(past, &Segment{MSN: msn, Init: init, Duration: 2 * time.Second, Date: began, Place: Place{At: &archive{}, Size: 100}})
	}
	c := hours
	c.Listed = 3600
	for b.Loop() {
		playlist(NewWindow(c, 3600, past))
	}
}
