package turn

import (
	"net"
	"time"
)

// door is the socket that viewers come to. It lets through as many requests of an address as quota says: each costs an
// answer, some of which are longer than what asks for them.
type door struct {
	*net.UDPConn
	s     *Server
	ended chan struct{} // closed when pion has been told that it is closed
}

// ReadFrom is called by one goroutine of pion's, until it returns an error.
func (d *door) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := d.UDPConn.ReadFrom(b)
		if err != nil {
			close(d.ended)
			return n, from, err
		}
		addr := addrOf(from)
		if isRequest(b[:n]) && !addr.IsLoopback() && d.s.requests.Take(time.Now(), addr) > 0 {
			d.s.counts.throttled.Add(1)
			continue
		}
		return n, from, nil
	}
}

// isRequest tells whether a datagram is a STUN message of class request: neither channel data nor an indication.
func isRequest(b []byte) bool {
	return len(b) >= 2 && b[0]&0xc0 == 0 && b[0]&0x01 == 0 && b[1]&0x10 == 0
}
