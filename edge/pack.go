package edge

import (
	"bytes"
	"compress/gzip"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
)

// brotliQuality costs what gzip does, and what a playlist loses to qualities that cost twice as much is 2 % of it; see docs/decisions/0030.
const brotliQuality = 2

// A coding is a way to make a body smaller.
type coding struct {
	name    string
	packers sync.Pool // of packer, at rest: a new one costs the better part of a megabyte
}

// packer is a gzip.Writer or a brotli.Writer.
type packer interface {
	io.WriteCloser
	Reset(io.Writer)
}

// The codings in the order in which they are preferred of what a viewer takes alike.
var codings = [...]*coding{
	{name: "br", packers: sync.Pool{New: func() any { return brotli.NewWriterLevel(nil, brotliQuality) }}},
	{name: "gzip", packers: sync.Pool{New: func() any { return gzip.NewWriter(nil) }}},
}

var codingNames = [...]string{"br", "gzip"}

// packed is a body in the codings that it is asked for in, each made once, when somebody asks for it first. A nil one is of a body for
// which it does not pay.
type packed struct {
	body []byte // as it is
	made [len(codings)]struct {
		once sync.Once
		body []byte // nil where it does not pay
	}
}

// worthPacking is the least body that is packed.
const worthPacking = 256

func newPacked(body []byte) *packed {
	if len(body) < worthPacking {
		return nil
	}
	return &packed{body: body}
}

// room returns how many bytes the packed forms may take.
func (p *packed) room() int64 {
	if p == nil {
		return 0
	}
	return int64(len(codings) * len(p.body))
}

// choose returns the body in a coding that an Accept-Encoding header allows, and which; nil is the body as it is.
func (p *packed) choose(accepted string) (name string, body []byte) {
	if p == nil || accepted == "" {
		return "", nil
	}
	var tried [len(codings)]bool
	for {
		i := preferred(accepted, codingNames[:], tried[:])
		if i < 0 {
			return "", nil
		}
		made := &p.made[i]
		made.once.Do(func() { made.body = codings[i].pack(p.body) })
		if made.body != nil {
			return codings[i].name, made.body
		}
		tried[i] = true
	}
}

// pack returns body packed, or nil where that saves less than a tenth.
func (c *coding) pack(body []byte) []byte {
	var b bytes.Buffer
	w := c.packers.Get().(packer)
	defer c.packers.Put(w)
	w.Reset(&b)
	if _, err := w.Write(body); err != nil {
		return nil
	}
	if w.Close() != nil || b.Len() > len(body)-len(body)/10 {
		return nil
	}
	return bytes.Clone(b.Bytes())
}
