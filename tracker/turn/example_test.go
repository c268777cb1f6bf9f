package turn_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/shoal-live/shoal/tracker/turn"
)

func Example() {
	server, err := turn.New(turn.Config{Addr: "127.0.0.1:0", Closed: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if err := server.Listen(ctx); err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error)
	go func() { ended <- server.Run(ctx) }()
	user, _ := server.Credentials(time.Unix(1700000000, 0))
	until, _, _ := strings.Cut(user, ":")
	fmt.Println("valid until", until)
	stop()
	fmt.Println(<-ended)
	// Output:
	// valid until 1700172800
	// <nil>
}
