package hls

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestKeptLines: what is kept of one view's playlist for the next is never seen: each view says the same whether or not others were
// written before it, and whichever.
func TestKeptLines(t *testing.T) {
	for _, c := range []Config{config, hours} {
		w := NewWindow(c, 0, nil)
		a := newAuthor(w)
		var views []*View
		for n := range 400 {
			a.brk = n == 70 || n == 340
			if a.brk {
				a.disc++
			}
			a.write(n%6 == 5)
			v, _ := w.View()
			views = append(views, v)
		}
		w.End()
		last, _ := w.View()
		views = append(views, last)
		random := rand.New(rand.NewPCG(1, 2))
		random.Shuffle(len(views), func(i, j int) { views[i], views[j] = views[j], views[i] })
		for n, v := range views {
			for _, skip := range []bool{false, true} {
				alone := &View{Segments: v.Segments, Open: v.Open, Next: v.Next, Ended: v.Ended, config: v.config, frames: &frames{}}
				if v.Open != nil {
					open := *v.Open
					open.growth = &growth{}
					alone.Open = &open
				}
				if got, want := string(v.playlist(skip, "").plain), string(alone.playlist(skip, "").plain); got != want {
					t.Fatalf("view %d, delta %v:\n%s\nalone it is\n%s", n, skip, got, want)
				}
			}
		}
	}
}

// ExampleWindow_View shows a playlist with the part that comes next.
func ExampleWindow_View() {
	w := NewWindow(Config{Epoch: 7, Target: 2 * time.Second, PartTarget: time.Second, Listed: 5, PartsFor: 2}, 0, nil)
	w.Open(Segment{Date: time.Unix(0, 0)})
	w.Add(Part{Duration: time.Second, Independent: true, Bytes: []byte("media")}, false)
	v, _ := w.View()
	plain, _ := v.Playlist()
	fmt.Printf("%s", plain)
	// Output:
	// #EXTM3U
	// #EXT-X-VERSION:6
	// #EXT-X-SERVER-CONTROL:HOLD-BACK=6.00000,PART-HOLD-BACK=3.00000,CAN-BLOCK-RELOAD=YES
	// #EXT-X-PART-INF:PART-TARGET=1.00000
	// #EXT-X-MEDIA-SEQUENCE:0
	// #EXT-X-TARGETDURATION:2
	// #EXT-X-DISCONTINUITY-SEQUENCE:0
	// #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z
	// #EXT-X-PART:DURATION=1.00000,INDEPENDENT=YES,URI="7/s0.0.m4s"
	// #EXT-X-PRELOAD-HINT:TYPE=PART,URI="7/s0.1.m4s"
}
