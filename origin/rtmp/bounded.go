package rtmp

import (
	"errors"
	"net"
	"os"
	"time"

	"github.com/shoal-live/shoal/origin/stream"
)

const (
	introduction  = 10 * time.Second // until the key must be there
	silence       = 10 * time.Second // of a broadcaster, then it is gone
	writeDeadline = 5 * time.Second
	notice        = 100 * time.Millisecond // how often what comes is counted, and the deadline put off: each costs
	gathered      = 10 * time.Millisecond  // of the broadcast that come before we are woken ...
	pause         = 300 * time.Millisecond // that is waited for more to gather
	mostGathered  = 2048                   // ... bytes at most: where much less comes at once, it waits no longer than it must
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
	least   int // that we are woken for
}

func (b *bounded) admitted(s *stream.Session) { b.session = s }

func (b *bounded) Read(p []byte) (int, error) {
	if b.session == nil {
		return b.introduce(p)
	}
	if b.noted.IsZero() { // what comes first is noted at once, below
		if err := b.SetReadDeadline(time.Now().Add(silence)); err != nil {
			return 0, err
		}
		b.noted = b.noted.Add(-notice) // the first of what comes is counted at once
	}
	n, err := b.Conn.Read(p)
	if n == 0 && b.least > 1 && errors.Is(err, os.ErrDeadlineExceeded) {
		// It pauses, or what it says is short and the last for now: we are woken for every byte, and wait until it is gone.
		b.least = 1
		gather(b.Conn, b.least)
		if err := b.SetReadDeadline(b.noted.Add(silence)); err != nil {
			return 0, err
		}
		n, err = b.Conn.Read(p)
	}
	b.count += n
	if now := time.Now(); err != nil || now.Sub(b.noted) >= notice {
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
		b.gather(now.Sub(b.noted))
	}
	b.noted, b.count = now, 0
	if b.least > 1 {
		return b.SetReadDeadline(now.Add(pause))
	}
	return b.SetReadDeadline(now.Add(silence))
}

// gather lets what comes in little pieces, as sound does between two pictures, come together: being woken is most of what a
// small message costs. The end of a picture wakes us as before, unless it is smaller than all that comes in so short a time.
func (b *bounded) gather(since time.Duration) {
	least := max(1, min(mostGathered, int(time.Duration(b.count)*gathered/max(since, gathered))))
	if least < b.least*3/4 || least > b.least*2 {
		b.least = least
		gather(b.Conn, least)
	}
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
