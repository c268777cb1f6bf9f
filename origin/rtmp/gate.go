package rtmp

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/shoal-live/shoal/origin/media"
)

const (
	introBytes  = 64 << 10                // all that may be said before admission
	maxMessages = media.MaxFrame + 64<<10 // of all unfinished messages together, once admitted
	maxText     = 64 << 10                // of one message that is neither audio nor video: its parser recurses
	leastChunk  = 128                     // below it, bookkeeping costs more than what is carried
	mostChunk   = 10 << 20                // as the library has it
	typeChunk   = 1                       // RTMP 1.0, section 5.4.1: Set Chunk Size
	typeAbort   = 2                       // section 5.4.2: Abort Message
	typeAudio   = 8
	typeVideo   = 9
)

// gate lets the bytes of a chunk stream (RTMP 1.0, section 5.3) through to the library's parser, up to the header of a
// message that is too long: the parser makes room for what a header announces before a byte of it has come. It follows
// chunk headers and the two messages that change how they are read, and never holds bodies.
type gate struct {
	from  io.Reader
	limit int    // of the lengths of unfinished messages
	rest  []byte // read, not let through: they may pass once the limit is raised
	fault error  // for good

	chunkSize  int
	streams    [64]chunkStream
	unfinished int // sum of the lengths of messages begun

	header []byte // as far as it has come
	at     *chunkStream
	left   int // bytes of the current chunk's body to come
}

// chunkStream is what the headers of one chunk stream leave out when it goes on as before.
type chunkStream struct {
	known    bool
	extended bool // chunks of type 3 repeat the extended timestamp
	kind     byte
	length   int
	received int
	control  [4]byte // the body of a message that changes how we read
}

func newGate(from io.Reader) *gate {
	return &gate{from: from, limit: introBytes, chunkSize: 128}
}

func (g *gate) Read(p []byte) (int, error) {
	if g.fault != nil {
		return 0, g.fault
	}
	var n int
	var err error
	if len(g.rest) > 0 {
		n = copy(p, g.rest)
		g.rest = g.rest[n:]
	} else {
		n, err = g.from.Read(p)
	}
	passed, refused := g.follow(p[:n])
	if refused == nil {
		return n, err
	}
	g.rest = append(append([]byte(nil), p[passed:n]...), g.rest...)
	if passed == 0 {
		return 0, refused
	}
	return passed, nil
}

// follow reads headers in b. It returns how many bytes may pass, and why not all may.
func (g *gate) follow(b []byte) (passed int, err error) {
	for passed < len(b) {
		if g.left > 0 {
			n := min(g.left, len(b)-passed)
			if err := g.body(b[passed : passed+n]); err != nil {
				g.fault = err
				return passed, err
			}
			passed += n
			continue
		}
		g.header = append(g.header, b[passed])
		if len(g.header) == g.headerSize() {
			if err := g.open(); err != nil {
				g.header = g.header[:len(g.header)-1]
				return passed, err
			}
		}
		passed++
	}
	return passed, nil
}

// headerSize returns the size of the header that has begun, as far as can be told.
func (g *gate) headerSize() int {
	s := &g.streams[g.header[0]&0x3f]
	size := [4]int{12, 8, 4, 1}[g.header[0]>>6]
	if size == 1 && s.extended || size > 1 && len(g.header) >= 4 && stamp(g.header) == 0xffffff {
		size += 4
	}
	return size
}

func stamp(header []byte) uint32 { return binary.BigEndian.Uint32(header) & 0xffffff }

// open begins the chunk whose header is complete.
func (g *gate) open() error {
	h := g.header
	format, id := h[0]>>6, h[0]&0x3f
	s := &g.streams[id]
	switch {
	case id < 2:
		return fmt.Errorf("rtmp: chunk stream %d", id)
	case format != 0 && !s.known || format != 3 && s.received > 0:
		return fmt.Errorf("rtmp: a chunk of type %d out of place", format)
	}
	next := *s
	next.known = true
	if format < 2 {
		next.length, next.kind = int(binary.BigEndian.Uint32(h[3:])&0xffffff), h[7]
	}
	if format < 3 {
		next.extended = stamp(h) == 0xffffff && binary.BigEndian.Uint32(h[len(h)-4:]) >= 0xffffff
	}
	if s.received == 0 {
		if err := g.admit(next.kind, next.length); err != nil {
			return err
		}
		g.unfinished += next.length
	}
	*s = next
	g.at, g.left, g.header = s, min(s.length-s.received, g.chunkSize), h[:0]
	if s.length == 0 {
		return g.finish()
	}
	return nil
}

// admit tells why a message may not begin, or nil.
func (g *gate) admit(kind byte, length int) error {
	switch {
	case kind != typeAudio && kind != typeVideo && length > maxText:
		return fmt.Errorf("%w: a message of type %d and %d bytes", errFormat, kind, length)
	case g.unfinished+length > g.limit:
		return fmt.Errorf("%w: a message of %d bytes; %d is the most", errFormat, length, g.limit)
	case (kind == typeChunk || kind == typeAbort) && length != 4:
		return fmt.Errorf("rtmp: a message of type %d and %d bytes", kind, length)
	}
	return nil
}

// body takes bytes of the current chunk.
func (g *gate) body(b []byte) error {
	s := g.at
	if s.kind == typeChunk || s.kind == typeAbort {
		copy(s.control[s.received:], b)
	}
	s.received += len(b)
	g.left -= len(b)
	if s.received == s.length {
		return g.finish()
	}
	return nil
}

// finish ends a message.
func (g *gate) finish() error {
	s := g.at
	g.unfinished -= s.length
	s.received = 0
	value := binary.BigEndian.Uint32(s.control[:])
	switch {
	case s.kind == typeChunk && (value < leastChunk || value > mostChunk):
		return fmt.Errorf("rtmp: chunks of %d bytes", value)
	case s.kind == typeChunk:
		g.chunkSize = int(value)
	case s.kind == typeAbort && value < uint32(len(g.streams)) && g.streams[value].received > 0:
		aborted := &g.streams[value]
		g.unfinished -= aborted.length
		aborted.length, aborted.received = 0, 0
	}
	return nil
}
