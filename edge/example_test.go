package edge_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/shoal-live/shoal/edge"
)

func Example() {
	asked := 0
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		io.WriteString(w, "the bytes of part 3")
	}))
	defer origin.Close()

	e, err := edge.New(edge.Config{Origins: []string{origin.URL}, MemoryBytes: 64 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- e.Run(ctx) }()

	for range 3 {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest("GET", "/live/demo/v0/1700000000/s12.3.m4s", nil))
		fmt.Println(w.Code, w.Body)
	}
	cancel()
	fmt.Println("run:", <-ended, "- asked the origin:", asked)
	// Output:
	// 200 the bytes of part 3
	// 200 the bytes of part 3
	// 200 the bytes of part 3
	// run: <nil> - asked the origin: 1
}
