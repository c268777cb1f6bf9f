package viewer

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/transport/v5"
)

const (
	checkRhythm = 1500 * time.Millisecond // pion asks more often than that while a link comes about, and every two seconds once it is there
	checkSeldom = 5 * time.Second         // which is often enough then (RFC 7675)
)

// sparing is the network, with ports that spare questions.
type sparing struct{ transport.Net }

func (n sparing) ListenUDP(network string, at *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := n.Net.ListenUDP(network, at)
	if udp, ok := conn.(*net.UDPConn); ok && err == nil {
		return &port{UDPConn: udp}, nil
	}
	return conn, err
}

// port is a link's port on one address. Of the questions by which pion finds out whether the peer is still there it lets one in three through:
// pion asks every two seconds at least, whatever SetICETimeouts says, and where a cell is large these were a sixth of all datagrams.
type port struct {
	*net.UDPConn

	mu     sync.Mutex
	to     netip.AddrPort // who was asked last; guarded by mu, as what follows
	wanted time.Time      // when pion last asked it
	asked  time.Time      // when it was last let
}

// ReadFromAddrPort and WriteToAddrPort are how pion reads and writes without allocating addresses.
func (p *port) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	return p.ReadFromUDPAddrPort(b)
}

func (p *port) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if isCheck(b) && p.spares(to, time.Now()) {
		return len(b), nil
	}
	return p.WriteToUDPAddrPort(b, to)
}

// spares tells whether a question need not be asked.
func (p *port) spares(to netip.AddrPort, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	standing := p.to == to && now.Sub(p.wanted) >= checkRhythm
	p.to, p.wanted = to, now
	if standing && now.Sub(p.asked) < checkSeldom {
		return true
	}
	p.asked = now
	return false
}

// isCheck tells whether a datagram is a STUN binding request that nominates nothing.
func isCheck(b []byte) bool {
	const header, bindingRequest, magic, useCandidate = 20, 0x0001, 0x2112a442, 0x0025
	if len(b) < header || binary.BigEndian.Uint16(b) != bindingRequest || binary.BigEndian.Uint32(b[4:]) != magic {
		return false
	}
	for b = b[header:]; len(b) >= 4; {
		kind, length := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if kind == useCandidate {
			return false
		}
		b = b[min(len(b), 4+(length+3)&^3):]
	}
	return true
}
