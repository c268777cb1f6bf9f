package rtc

import (
	"net"
	"testing"
	"time"

	"github.com/pion/ice/v4"
)

// callersOf is a listener of connections that are there already.
type callersOf struct {
	calls chan net.Conn
	shut  chan struct{}
}

func (l callersOf) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.shut:
		return nil, net.ErrClosed
	}
}
func (l callersOf) Close() error   { close(l.shut); return nil }
func (l callersOf) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8189} }

// called is an end of a pipe that says it is of TCP.
type called struct{ net.Conn }

func (called) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8189} }
func (called) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40000} }

// FuzzFrames has a caller at the TCP port say whatever (RFC 4571 frames of STUN, RFC 5389, are expected): it is hung up on, or waited for.
func FuzzFrames(f *testing.F) {
	binding := append([]byte{0, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 6, 0, 5}, "a:bcd\x00\x00\x00"...)
	f.Add(append([]byte{0, byte(len(binding))}, binding...))
	f.Add([]byte{0xff, 0xff, 0, 1})
	f.Add([]byte{0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		ln := callersOf{make(chan net.Conn, 1), make(chan struct{})}
		mux := ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Listener: ln, Logger: Aside{quiet()}.NewLogger("ice-tcp"), WriteBufferSize: writeBuffer,
			FirstStunBindTimeout: time.Millisecond, AliveDurationForConnFromStun: time.Millisecond,
		})
		here, there := net.Pipe()
		ln.calls <- called{there}
		_ = here.SetDeadline(time.Now().Add(time.Second))
		_, _ = here.Write(b)
		_ = here.Close()
		if err := mux.Close(); err != nil {
			t.Error(err)
		}
	})
}
