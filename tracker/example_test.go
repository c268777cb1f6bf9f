package tracker_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker"
)

// A tracker runs behind an HTTP server; a viewer joins a stream and is told its cell.
func Example() {
	t, err := tracker.New(tracker.Config{STUNAddr: "127.0.0.1:0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error)
	go func() { ended <- t.Run(ctx) }()
	server := httptest.NewServer(t)
	for t.Ready() != nil {
		time.Sleep(time.Millisecond)
	}

	socket, _, err := websocket.DefaultDialer.Dial(strings.Replace(server.URL, "http", "ws", 1), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	join := wire.Join{Flags: wire.MayUpload, Weight: 250, Stream: "demo"}
	rand.Read(join.Secret[:])
	socket.WriteMessage(websocket.BinaryMessage, join.Append(nil))
	_, b, _ := socket.ReadMessage()
	welcome, _ := wire.ParseWelcome(b)
	_, b, _ = socket.ReadMessage()
	roster, _ := wire.ParseRoster(b)
	fmt.Println(len(welcome.ICEServers), "server, a beacon each", welcome.BeaconSeconds, "s")
	fmt.Println("cell", roster.Cell, "version", roster.Version, "has", len(roster.Members), "member")
	fmt.Println(t.Streams()[0].Viewers, "viewer of", t.Streams()[0].Name)

	stop()
	_, b, _ = socket.ReadMessage()
	refused, _ := wire.ParseRefused(b)
	fmt.Println("move:", refused.Reason == wire.RefusedMoving, "within", refused.RetryAfter, "s")
	_, _, err = socket.ReadMessage()
	fmt.Println(websocket.IsCloseError(err, websocket.CloseGoingAway))
	fmt.Println(<-ended)
	socket.Close()
	server.Close()
	// Output:
	// 1 server, a beacon each 10 s
	// cell 1 version 1 has 1 member
	// 1 viewer of demo
	// move: true within 5 s
	// true
	// <nil>
}
