package rtmp

import (
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestBusyIsNotSilence: a broadcaster that sent while the disk held us up for longer than it may be silent was not silent.
func TestBusyIsNotSilence(t *testing.T) {
	h := newHouse(t, Config{})
	synctest.Test(t, func(t *testing.T) {
		session, err := h.streams.Publish("demo", "rtmp")
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		here, there := net.Pipe()
		defer here.Close()
		b := &bounded{Conn: here}
		b.admitted(session)
		said := make([]byte, 1)
		for range 2 {
			go there.Write(said)
			if n, err := b.Read(said); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			time.Sleep(silence + time.Second)
		}
		began := time.Now()
		if _, err := b.Read(said); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != silence {
			t.Error(err, "after", time.Since(began))
		}
	})
}
