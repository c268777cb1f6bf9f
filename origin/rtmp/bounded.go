package rtmp

import (
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/shoal-live/shoal/origin/stream"
)

const (
	introduction  = 10 * time.Second // until the key must be there
	silence       = 10 * time.Second // of a broadcaster, then it is gone
	writeDeadline = 5 * time.Second
	notice        = 250 * time.Millisecond // how often what comes is counted, and the deadline put off: each costs
)

var errIntroduction = errors.New("rtmp: too many bytes before publish")

// bounded is a connection that may say only so much, for so long, until it is admitted; after that it may not be silent.
type bounded struct {
	net.Conn
	left    int
	until   time.Time
	session *stream.Session
	noted   time.Time
	count   int // of bytes since
}

func (b *bounded) admitted(s *stream.Session) {
	b.session = s
	c := b.Conn
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	if p, ok := c.(*paced); ok {
		p.pace(s.Awaited)
	}
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.session == nil {
		return b.introduce(p)
	}
	if now := time.Now(); now.Sub(b.noted) >= notice { // while we were at something else the broadcaster was not silent
		if err := b.SetReadDeadline(now.Add(silence)); err != nil {
			return 0, err
		}
	}
	n, err := b.Conn.Read(p)
	b.count += n
	if now := time.Now(); err != nil || now.Sub(b.noted) >= notice { // what comes first is noted at once
		if failed := b.note(now); err == nil {
			err = failed
		}
	}
	return n, err
}

// note says that the broadcaster lives.
func (b *bounded) note(now time.Time) error {
	if b.count > 0 {
		b.session.Received(b.count)
	}
	b.noted, b.count = now, 0
	return b.SetReadDeadline(now.Add(silence))
}

func (b *bounded) introduce(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errIntroduction
	}
	if err := b.SetReadDeadline(b.until); err != nil {
		return 0, err
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// Write takes no longer than writeDeadline, and before admission ends so long after the introduction: who asks for much at once
// and reads little of it would be waited for with each answer anew.
func (b *bounded) Write(p []byte) (int, error) {
	deadline := time.Now().Add(writeDeadline)
	if last := b.until.Add(writeDeadline); b.session == nil && last.Before(deadline) {
		deadline = last
	}
	if err := b.SetWriteDeadline(deadline); err != nil {
		return 0, err
	}
	return b.Conn.Write(p)
}
