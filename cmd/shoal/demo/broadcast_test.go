package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestBroadcast lets a real RTMP server drop the first connection and read a second of the next one.
func TestBroadcast(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	broadcast, err := New(listener.Addr().String(), "secret", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- broadcast.Run(ctx) }()

	first, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	second, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	pictures, sounds, err := receive(second, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if pictures < Rate || sounds < 40 {
		t.Errorf("%d pictures and %d sounds in the first second", pictures, sounds)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run ended with %v", err)
	}
}

// receive accepts a publisher and counts what it sends up to a media time.
func receive(connection net.Conn, until time.Duration) (pictures, sounds int, err error) {
	connection.SetDeadline(time.Now().Add(20 * time.Second))
	server := &gortmplib.ServerConn{RW: connection}
	if err := server.Initialize(); err != nil {
		return 0, 0, err
	}
	if err := server.Accept(); err != nil {
		return 0, 0, err
	}
	if got := server.URL.Path; got != "/live/secret" || !server.Publish {
		return 0, 0, fmt.Errorf("publishes %v to %q", server.Publish, got)
	}
	reader := &gortmplib.Reader{Conn: server}
	if err := reader.Initialize(); err != nil {
		return 0, 0, err
	}
	reached := errors.New("reached")
	var end error
	see := func(count *int, pts time.Duration) {
		*count++
		if pts >= until {
			end = reached
		}
	}
	for _, track := range reader.Tracks() {
		switch track.Codec.(type) {
		case *codecs.H264:
			reader.OnDataH264(track, func(pts, _ time.Duration, _ [][]byte) { see(&pictures, pts) })
		case *codecs.MPEG4Audio:
			reader.OnDataMPEG4Audio(track, func(pts time.Duration, _ []byte) { see(&sounds, pts) })
		default:
			return 0, 0, fmt.Errorf("a track of %T", track.Codec)
		}
	}
	for end == nil {
		if err := reader.Read(); err != nil {
			return 0, 0, err
		}
	}
	return pictures, sounds, nil
}
