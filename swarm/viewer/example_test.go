package viewer_test

import (
	"errors"
	"fmt"

	"github.com/shoal-live/shoal/swarm/viewer"
)

func ExampleNew() {
	v, err := viewer.New(viewer.Config{URL: "http://127.0.0.1:8080/watch/demo", P2P: true})
	fmt.Println(v != nil, err) // v.Run(ctx) watches until ctx ends

	_, err = viewer.New(viewer.Config{URL: "rtmp://127.0.0.1/live/demo"})
	fmt.Println(errors.Is(err, viewer.ErrURL))
	// Output:
	// true <nil>
	// true
}
