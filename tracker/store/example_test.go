package store_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker"
	"github.com/shoal-live/shoal/tracker/store"
)

// A program has two doors to one swarm: by one viewers come themselves, by the other through a proxy, which alone is believed when it
// names their addresses. Each door is a tracker of its own, and they meet in memory.
func ExampleMemory() {
	meet := store.NewMemory()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	for _, header := range []string{"", "X-Forwarded-For"} {
		t, err := tracker.New(tracker.Config{Store: meet, AddressHeader: header})
		if err != nil {
			fmt.Println(err)
			return
		}
		running.Go(func() { t.Run(ctx) })
		for t.Ready() != nil {
			time.Sleep(time.Millisecond)
		}
		server := httptest.NewServer(t)
		defer server.Close()

		socket, _, err := websocket.DefaultDialer.Dial(strings.Replace(server.URL, "http", "ws", 1), nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer socket.Close()
		join := wire.Join{Flags: wire.MayUpload, Weight: 250, Stream: "demo"}
		rand.Read(join.Secret[:])
		socket.WriteMessage(websocket.BinaryMessage, join.Append(nil))
		if header != "" {
			fmt.Println("the second sees", members(socket, 2), "in its cell")
		} else {
			fmt.Println("the first sees", members(socket, 1))
		}
	}
	// Output:
	// the first sees 1
	// the second sees 2 in its cell
}

// members reads what a viewer is told until its roster has as many, and returns how many it has.
func members(socket *websocket.Conn, want int) int {
	socket.SetReadDeadline(time.Now().Add(20 * time.Second))
	var r wire.Roster
	for len(r.Members) < want {
		_, b, err := socket.ReadMessage()
		if err != nil {
			break
		}
		if told, err := wire.ParseRoster(b); err == nil {
			r = told
		}
		if d, err := wire.ParseDelta(b); err == nil && d.Version == r.Version+1 {
			r.Apply(d)
		}
	}
	return len(r.Members)
}
