package segmenter_test

import (
	"fmt"
	"time"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/segmenter"
)

func Example() {
	sound, _ := media.NewOpus(2)
	s := segmenter.New(segmenter.Config{
		Part: 334 * time.Millisecond, Segment: 2 * time.Second, Longest: 2490 * time.Millisecond,
	}, []media.Track{sound}, 0, 0)
	for at := time.Duration(0); at < 3*time.Second; at += 20 * time.Millisecond {
		parts, err := s.Write(media.Frame{DTS: at, PTS: at, Length: 20 * time.Millisecond, Key: true, Bytes: []byte{0xf8, 0xff, 0xfe}})
		if err != nil {
			fmt.Println(err)
		}
		for _, p := range parts {
			fmt.Println(p.Start, p.Duration, p.Final)
		}
	}
	// Output:
	// 0s 320ms false
	// 320ms 300ms false
	// 620ms 300ms false
	// 920ms 300ms false
	// 1.22s 300ms false
	// 1.52s 300ms false
	// 1.82s 180ms true
	// 2s 320ms false
	// 2.32s 300ms false
	// 2.62s 300ms false
}
