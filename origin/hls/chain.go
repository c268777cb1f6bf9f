package hls

import (
	"errors"
	"io"
)

// chain reads several slices as one, so that a segment is served from its parts without a copy.
type chain struct {
	parts [][]byte
	size  int64
	at    int64
}

func newChain(parts [][]byte) *chain {
	c := &chain{parts: parts}
	for _, b := range parts {
		c.size += int64(len(b))
	}
	return c
}

func (c *chain) Read(p []byte) (n int, err error) {
	skip := c.at
	for _, b := range c.parts {
		if skip >= int64(len(b)) {
			skip -= int64(len(b))
			continue
		}
		n += copy(p[n:], b[skip:])
		skip = 0
		if n == len(p) {
			break
		}
	}
	c.at += int64(n)
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (c *chain) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("hls: seek before the start")
	}
	c.at = offset
	return offset, nil
}
