package edge

import (
	"bytes"
	"compress/gzip"
	"sync"
)

// packers are gzip writers at rest: a new one costs the better part of a megabyte.
var packers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// pack returns body as gzip, or nil where that saves less than a tenth.
func pack(body []byte) []byte {
	if len(body) < 256 {
		return nil
	}
	var b bytes.Buffer
	w := packers.Get().(*gzip.Writer)
	defer packers.Put(w)
	w.Reset(&b)
	if _, err := w.Write(body); err != nil {
		return nil
	}
	if w.Close() != nil || b.Len() > len(body)-len(body)/10 {
		return nil
	}
	return bytes.Clone(b.Bytes())
}
