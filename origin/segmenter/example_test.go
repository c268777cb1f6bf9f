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
	// 320ms 320ms false
	// 640ms 320ms false
	// 960ms 320ms false
	// 1.28s 320ms false
	// 1.6s 320ms false
	// 1.92s 80ms true
	// 2s 320ms false
	// 2.32s 320ms false
	// 2.64s 320ms false
}
