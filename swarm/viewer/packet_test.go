package viewer

import (
	"net"
	"sync/atomic"
	"testing"

	"github.com/pion/sctp"
	"github.com/pion/transport/v5/dpipe"

	"github.com/shoal-live/shoal/swarm/wire"
)

// carrier counts the packets of SCTP that bring data, each of which begins with a header of 12 bytes and the kind of what follows.
type carrier struct {
	net.Conn
	data atomic.Int64
}

func (c *carrier) Write(b []byte) (int, error) {
	if kind := b[12]; kind == 0 || kind == 64 { // DATA, I-DATA
		c.data.Add(1)
	}
	return c.Conn.Write(b)
}

// TestPiecesFillPackets: a piece with its frame's header takes as many of pion's packets as it was made for, between two of pion's ends too.
func TestPiecesFillPackets(t *testing.T) {
	here, there := dpipe.Pipe()
	counted := &carrier{Conn: here}
	var other *sctp.Association
	joined := make(chan error)
	go func() {
		var err error
		other, err = sctp.ClientWithOptions(sctp.WithNetConn(there), sctp.WithLoggerFactory(quiet{}))
		joined <- err
	}()
	own, err := sctp.ClientWithOptions(sctp.WithNetConn(counted), sctp.WithLoggerFactory(quiet{}))
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	out, err := own.OpenStream(0, sctp.PayloadTypeWebRTCBinary)
	if err != nil {
		t.Fatal(err)
	}
	in, err := other.OpenStream(0, sctp.PayloadTypeWebRTCBinary)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, wire.MaxFramePayload)
	for packets, size := range map[int64]int{1: 20 << 10, 2: 80 << 10, 3: 110 << 10} {
		before := counted.data.Load()
		if _, err := out.Write(make([]byte, wire.FrameHeaderSize+int(wire.PieceSize(size)))); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Read(b); err != nil {
			t.Fatal(err)
		}
		if got := counted.data.Load() - before; got != packets {
			t.Errorf("pieces of %d bytes take %d packets, want %d", wire.PieceSize(size), got, packets)
		}
	}
}
