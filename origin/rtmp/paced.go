package rtmp

import (
	"errors"
	"net"
	"time"
)

const (
	beat   = 20 * time.Millisecond  // between two looks at a broadcast
	stride = 4 * beat               // where nothing comes of what is between
	early  = beat / 4               // than expected we look: to look in vain costs less than to look a beat late
	rest   = 300 * time.Millisecond // of nothing; then a broadcast is waited for, not looked for
	aside  = 256 << 10              // bytes that may lie unread without waking us; the kernel makes room for them
	plenty = aside / 2              // of one look; after it there is another at the next beat
)

var errNothing = errors.New("rtmp: nothing to read")

// paced is a connection whose broadcast is read at each beat, and by all connections at the same moments. Being woken is most of
// what a small message costs: thirty broadcasts of 77 messages a second would wake the origin 2,300 times a second, beats wake
// it 100 times. What comes waits for half a beat in the middle. While frames are of use to nobody but a part in the making, beats
// are skipped until the one at which the frame should be there that ends it. A broadcaster that pauses is waited for as by anybody.
type paced struct {
	*net.TCPConn
	socket  *socket   // nil until the broadcast begins, and where one cannot look without waiting
	beats   time.Time // are counted from here, the same for all connections
	awaited awaited
	lag     lag
	much    bool      // a look of this beat filled what it was given: there may be more
	took    int       // bytes, in the looks of this beat
	heard   time.Time // of the broadcaster
}

// awaited tells when on the broadcaster's timeline the newest frame stands, and how far behind it the one that is waited for; false
// where each frame is.
type awaited func() (newest, left time.Duration, ok bool)

// pace begins to read at beats.
func (p *paced) pace(a awaited) {
	if p.socket = socketOf(p.TCPConn); p.socket != nil {
		p.awaited = a
		p.heard = time.Now()
		p.socket.aside(aside)
	}
}

// pause returns for how long nothing need be read.
func (p *paced) pause(now time.Time) time.Duration {
	at := now.Sub(p.beats)
	next := beat - at%beat
	newest, left, ok := p.awaited()
	if !ok || p.took > plenty {
		return next
	}
	p.lag.note(p.heard.Sub(p.beats)-newest, at)
	due := newest + left + p.lag.least - early
	switch {
	case due <= at+next:
		return next
	case due > at+stride:
		return stride - at%stride
	}
	return (due+beat-1)/beat*beat - at
}

func (p *paced) Read(b []byte) (int, error) {
	if p.socket == nil {
		return p.TCPConn.Read(b)
	}
	for time.Since(p.heard) < rest {
		if !p.much {
			time.Sleep(p.pause(time.Now()))
			p.took = 0
		}
		n, err := p.socket.look(b)
		if !errors.Is(err, errNothing) {
			p.heard = time.Now()
			p.much = p.much || n == len(b)
			p.took += n
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

// lag is by how much frames come later than their times say, at the least: a look finds the newest frame when it has already been there for
// a while, some find it just come. What was learned is forgotten after a time, as clocks drift apart.
type lag struct {
	known  bool
	least  time.Duration
	newer  time.Duration // of what came since turned
	turned time.Duration
}

const turn = 2 * time.Second

func (l *lag) note(seen, at time.Duration) {
	switch {
	case !l.known:
		*l = lag{known: true, least: seen, newer: seen, turned: at}
	case at-l.turned > turn:
		l.least, l.newer, l.turned = min(l.newer, seen), seen, at
	default:
		l.least, l.newer = min(l.least, seen), min(l.newer, seen)
	}
}
