package http1

import (
	"bytes"
	"io"
	"net"
	"time"
)

// read reads until there is a head. Short is none: the connection ends.
func (c *conn) read(first bool) verdict {
	begun := time.Time{} // when the first byte of it was there
	if first {
		begun = time.Now()
	}
	skipped := false
	for fresh := c.buffer; ; {
		if len(c.buffer) > 0 && c.buffer[0] == '\r' && !skipped { // one empty line before a request is none (RFC 9112 2.2)
			if skipped = bytes.HasPrefix(c.buffer, crlf); skipped {
				c.buffer = c.buffer[:copy(c.buffer, c.buffer[len(crlf):])]
				fresh = c.buffer
			} else if len(c.buffer) == 1 {
				fresh = nil
			}
			if len(c.buffer) == 0 && !first {
				begun = time.Time{}
			}
		}
		// A head that comes byte by byte is looked at again with each line only.
		if len(fresh) > 0 && (len(fresh) == len(c.buffer) || bytes.IndexByte(fresh, '\n') >= 0) {
			switch v := c.head.parse(c.buffer); v {
			case plain:
				return v
			case foreign:
				return c.readForeign(begun)
			}
		}
		if len(c.buffer) >= c.front.config.MaxHead {
			return c.readForeign(begun)
		}
		var err error
		if fresh, err = c.more(&begun); err != nil {
			return short
		}
	}
}

// readForeign reads on until there is the whole head of what is not plain, and tells whether it is to be handed on or refused.
func (c *conn) readForeign(begun time.Time) verdict {
	seen, lined := 0, false
	for {
		if end := endOfHead(c.buffer, seen); end >= 0 {
			return c.judged(judge(c.buffer[:end], c.tls != nil))
		}
		if seen = len(c.buffer); seen >= c.front.config.MaxHead {
			return c.judged(tooLong(c.buffer))
		}
		if !lined && bytes.IndexByte(c.buffer, '\n') >= 0 { // who begins with what is no request may not write an empty line
			if lined = true; judgeLine(c.buffer) != nil {
				return c.judged(badLine)
			}
		}
		switch _, err := c.more(&begun); {
		case err == io.EOF:
			return c.judged(cutShort)
		case err != nil:
			return short
		}
	}
}

func (c *conn) judged(wrong *refusal) verdict {
	if c.wrong = wrong; wrong != nil {
		return refused
	}
	return foreign
}

// more reads more of a head, of which the first byte was there when it begun, if it was.
func (c *conn) more(begun *time.Time) (fresh []byte, err error) {
	now := time.Now()
	if begun.IsZero() && len(c.buffer) > 0 {
		*begun = now
	}
	if begun.IsZero() {
		c.readUntil(now.Add(c.front.config.IdleTime))
	} else {
		c.readUntil(begun.Add(c.front.config.HeadTime))
	}
	if len(c.buffer) == cap(c.buffer) {
		c.buffer = append(make([]byte, 0, min(2*cap(c.buffer), c.front.config.MaxHead)), c.buffer...)
	}
	c.rests.Store(true)
	if c.front.ending.Load() {
		return nil, net.ErrClosed
	}
	n, err := c.readInto(c.buffer[len(c.buffer):cap(c.buffer)])
	c.rests.Store(false)
	fresh = c.buffer[len(c.buffer) : len(c.buffer)+n]
	c.buffer = c.buffer[:len(c.buffer)+n]
	if n > 0 {
		err = nil
	}
	return fresh, err
}

// readInto reads what comes next, the cheapest way there is.
func (c *conn) readInto(b []byte) (int, error) {
	if c.reading != nil {
		return c.readTCP(b)
	}
	return c.stream().Read(b)
}
