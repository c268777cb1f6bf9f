package rtmp

import (
	"errors"
	"net"
	"time"
)

const (
	beat  = 20 * time.Millisecond  // between two looks at a broadcast
	rest  = 300 * time.Millisecond // of nothing; then a broadcast is waited for, not looked for
	aside = 64 << 10               // bytes that may lie unread without waking us
)

var errNothing = errors.New("rtmp: nothing to read")

// paced is a connection whose broadcast is read at each beat, and by all connections at the same moments. Being woken is most of
// what a small message costs: thirty broadcasts of 77 messages a second would wake the origin 2,300 times a second, beats wake
// it 100 times. What comes waits for half a beat in the middle. A broadcaster that pauses is waited for as by anybody.
type paced struct {
	*net.TCPConn
	socket *socket   // nil until the broadcast begins, and where one cannot look without waiting
	beats  time.Time // are counted from here, the same for all connections
	much   bool      // a look of this beat filled what it was given: there may be more
	heard  time.Time // of the broadcaster
}

// pace begins to read at beats.
func (p *paced) pace() {
	if p.socket = socketOf(p.TCPConn); p.socket != nil {
		p.heard = time.Now()
		p.socket.aside(aside)
	}
}

func (p *paced) Read(b []byte) (int, error) {
	if p.socket == nil {
		return p.TCPConn.Read(b)
	}
	for time.Since(p.heard) < rest {
		if !p.much {
			time.Sleep(beat - time.Since(p.beats)%beat)
		}
		n, err := p.socket.look(b)
		if !errors.Is(err, errNothing) {
			p.heard = time.Now()
			p.much = p.much || n == len(b)
			return n, err
		}
		p.much = false
	}
	p.socket.aside(1)
	defer p.socket.aside(aside)
	n, err := p.TCPConn.Read(b)
	p.heard = time.Now()
	return n, err
}

// pacedListener accepts connections that can be paced, all by the same beats.
type pacedListener struct {
	net.Listener
	beats time.Time
}

func (l pacedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &paced{TCPConn: c.(*net.TCPConn), beats: l.beats}, nil
}
