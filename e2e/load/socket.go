//go:build linux

package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Opcodes of WebSocket frames.
const (
	textFrame   = 1
	binaryFrame = 2
	closeFrame  = 8
	pingFrame   = 9
	pongFrame   = 10
)

// errClosed is a server's goodbye.
var errClosed = errors.New("the tracker closed the socket")

// socket is the viewer's side of a WebSocket, with as little around it as there can be. Frames that are sent wait until
// all that has come is read, and then go together. It belongs to one goroutine.
type socket struct {
	conn  *net.TCPConn
	kind  byte   // of the frames that are sent
	in    []byte // what has come and was not taken
	space []byte // where it lies
	out   []byte // what waits to go
}

// dial opens a socket from one of this machine's addresses.
func dial(from net.IP, address, path string, kind byte, deadline time.Time) (*socket, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}, Deadline: deadline, KeepAlive: -1}
	conn, err := dialer.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn.(*net.TCPConn), kind: kind, space: make([]byte, 2048)}
	s.conn.SetLinger(0) // thousands of ports are free again at once
	s.conn.SetDeadline(deadline)
	if err := s.shake(address, path); err != nil {
		conn.Close()
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return s, nil
}

// shake does the opening handshake. The server says nothing after it until it is asked.
func (s *socket) shake(address, path string) error {
	_, err := fmt.Fprintf(s.conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvYWwgbG9hZCBiZW5jaA==\r\n\r\n", path, address)
	if err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReaderSize(s.conn, 512), nil)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("%s, retry after %q s", response.Status, response.Header.Get("Retry-After"))
	}
	return nil
}

// mask is any bytes: masking is against proxies, of which there are none.
var mask = [4]byte{0x5a, 0x17, 0xc3, 0x88}

// frame queues one whole frame.
func (s *socket) frame(opcode byte, payload []byte) {
	s.out = append(s.out, 0x80|opcode)
	switch n := len(payload); {
	case n < 126:
		s.out = append(s.out, 0x80|byte(n))
	case n < 1<<16:
		s.out = binary.BigEndian.AppendUint16(append(s.out, 0x80|126), uint16(n))
	default:
		s.out = binary.BigEndian.AppendUint64(append(s.out, 0x80|127), uint64(n))
	}
	s.out = append(s.out, mask[:]...)
	at := len(s.out)
	s.out = append(s.out, payload...)
	for i := range payload {
		s.out[at+i] ^= mask[i&3]
	}
}

// send queues a message.
func (s *socket) send(message []byte) { s.frame(s.kind, message) }

// flush writes what is queued.
func (s *socket) flush() error {
	if len(s.out) == 0 {
		return nil
	}
	_, err := s.conn.Write(s.out)
	s.out = s.out[:0]
	if cap(s.out) > 8192 {
		s.out = nil
	}
	return err
}

// next returns the next message, which is the caller's until the next call. It answers pings.
func (s *socket) next() ([]byte, error) {
	for {
		opcode, payload, rest, ok := split(s.in)
		if !ok {
			if err := s.more(); err != nil {
				return nil, err
			}
			continue
		}
		s.in = rest
		switch opcode {
		case pingFrame:
			s.frame(pongFrame, payload)
		case pongFrame:
		case closeFrame:
			if len(payload) > 2 {
				return nil, fmt.Errorf("%w: %s", errClosed, payload[2:])
			}
			return nil, errClosed
		default:
			return payload, nil
		}
	}
}

// more writes what is queued and reads on.
func (s *socket) more() error {
	if err := s.flush(); err != nil {
		return err
	}
	held := copy(s.space, s.in) // which is a tail of it
	if held == len(s.space) {
		s.space = append(s.space, make([]byte, len(s.space))...)
	}
	n, err := s.conn.Read(s.space[held:])
	s.in = s.space[:held+n]
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// split takes the first whole frame off b. Those of a server are not masked.
func split(b []byte) (opcode byte, payload, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, nil, b, false
	}
	n, at := int(b[1]&0x7f), 2
	switch {
	case n == 126 && len(b) >= 4:
		n, at = int(binary.BigEndian.Uint16(b[2:])), 4
	case n == 127 && len(b) >= 10:
		n, at = int(binary.BigEndian.Uint64(b[2:])), 10
	case n >= 126:
		return 0, nil, b, false
	}
	if len(b)-at < n {
		return 0, nil, b, false
	}
	return b[0] & 0x0f, b[at : at+n], b[at+n:], true
}
