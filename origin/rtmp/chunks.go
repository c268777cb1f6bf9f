package rtmp

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/shoal-live/shoal/origin/media"
)

const (
	introBytes  = 64 << 10                // all that may be said before admission
	maxMessages = media.MaxFrame + 64<<10 // of all unfinished messages together, once admitted
	maxText     = 64 << 10                // of one message that is neither audio nor video: its parser recurses
	maxStreams  = 64                      // chunk streams of a connection; OBS and ffmpeg use four
	leastChunk  = 128                     // below it, bookkeeping costs more than what is carried
	mostChunk   = 16<<20 - 1              // what is more means the same, up to 31 bits: RTMP 1.0, section 5.4.1
	firstRoom   = 256 << 10               // is made for a message at once; for more, as it comes
	sheet       = 32 << 10                // is made at a time for small messages
	small       = sheet / 8
	readAhead   = 48 << 10 // holds what usually comes between two looks, so that it takes one system call
)

// Types of messages: RTMP 1.0, sections 5.4, 6.2 and 7.1.
const (
	typeChunkSize  = 1
	typeAbort      = 2
	typeControl    = 4
	typeWindow     = 5
	typeAudio      = 8
	typeVideo      = 9
	typeData3      = 15 // AMF3
	typeCommand3   = 17
	typeData0      = 18 // AMF0
	typeCommand0   = 20
	pingRequest    = 6        // of typeControl
	extendedMarker = 0xffffff // of a timestamp: it stands after the header, in 32 bits
)

// said is one message. Its body belongs to whoever reads it.
type said struct {
	kind   byte
	stream uint32        // chunk stream that it came on
	at     time.Duration // wraps at 2^32 milliseconds
	body   []byte
}

// chunks reads the messages of a chunk stream: RTMP 1.0, section 5.3. The bodies of messages in the making are never more
// than limit together: what a header announces is weighed before room is made for it.
type chunks struct {
	from  *bufio.Reader
	limit int

	size       int
	streams    map[uint32]*chunkStream
	unfinished int    // sum of the lengths of messages begun
	read       uint32 // bytes, as acknowledgements count them
	window     uint32 // that the other side wants acknowledgements in; 0: it wants none
	told       uint32 // of read, in the newest acknowledgement
	sheet      []byte // whose rest is for the next small messages
}

// chunkStream is what the headers of one chunk stream leave out when it goes on as before, and the message in the making.
type chunkStream struct {
	begun    bool // a message is in the making
	extended bool // chunks of type 3 repeat the extended timestamp
	kind     byte
	length   int
	stamp    uint32 // of the message, milliseconds
	field    uint32 // the header's timestamp or delta
	delta    uint32
	body     []byte
}

func newChunks(from *bufio.Reader) *chunks {
	return &chunks{from: from, limit: introBytes, size: 128, streams: map[uint32]*chunkStream{}}
}

// next returns the next message that is not about chunks alone.
func (c *chunks) next() (said, error) {
	for {
		id, s, err := c.chunk()
		if err != nil {
			return said{}, err
		}
		if len(s.body) < s.length {
			continue
		}
		m := said{kind: s.kind, stream: id, at: time.Duration(s.stamp) * time.Millisecond, body: s.body}
		c.drop(s)
		switch m.kind {
		case typeChunkSize, typeAbort, typeWindow:
			if err := c.control(m); err != nil {
				return said{}, err
			}
		default:
			return m, nil
		}
	}
}

// drop ends the message in the making.
func (c *chunks) drop(s *chunkStream) {
	c.unfinished -= s.length
	s.begun, s.body = false, nil
}

// due returns what to acknowledge, if it is time.
func (c *chunks) due() (read uint32, ok bool) {
	if c.window == 0 || c.read-c.told < c.window {
		return 0, false
	}
	c.told = c.read
	return c.read, true
}

// chunk reads one chunk.
func (c *chunks) chunk() (uint32, *chunkStream, error) {
	format, id, err := c.basic()
	if err != nil {
		return 0, nil, err
	}
	s := c.streams[id]
	switch {
	case s == nil && format != 0, s != nil && s.begun && format != 3:
		return 0, nil, fmt.Errorf("rtmp: a chunk of type %d out of place", format)
	case s == nil && len(c.streams) >= maxStreams:
		return 0, nil, fmt.Errorf("rtmp: more than %d chunk streams", maxStreams)
	case s == nil:
		s = &chunkStream{}
		c.streams[id] = s
	}
	if err := c.header(format, s); err != nil {
		return 0, nil, err
	}
	n := min(s.length-len(s.body), c.size)
	had := len(s.body)
	s.body = slices.Grow(s.body, n)[:had+n]
	_, err = c.full(s.body[had:])
	return id, s, err
}

// basic reads a basic header: section 5.3.1.1.
func (c *chunks) basic() (format byte, id uint32, err error) {
	var b [2]byte
	if b[0], err = c.from.ReadByte(); err != nil {
		return 0, 0, err // the end, if it is one in order
	}
	c.read++
	format, id = b[0]>>6, uint32(b[0]&0x3f)
	if id < 2 {
		if _, err := c.full(b[:id+1]); err != nil {
			return 0, 0, err
		}
		id = 64 + uint32(b[0]) + uint32(b[1])*uint32(id)<<8
	}
	return format, id, nil
}

// header reads a message header, section 5.3.1.2, and begins a message unless it goes on with one.
func (c *chunks) header(format byte, s *chunkStream) error {
	var b [11]byte
	if _, err := c.full(b[:[4]int{11, 7, 3, 0}[format]]); err != nil {
		return err
	}
	if format < 2 {
		s.length, s.kind = int(b[3])<<16|int(b[4])<<8|int(b[5]), b[6]
	}
	if format < 3 {
		s.field = uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
		s.extended = s.field == extendedMarker
	}
	if s.extended {
		if err := c.extension(format, s); err != nil {
			return err
		}
	}
	if s.begun {
		return nil
	}
	switch format {
	case 0:
		s.stamp, s.delta = s.field, 0
	case 1, 2:
		s.delta = s.field
	}
	s.stamp += s.delta
	if err := c.admit(s); err != nil {
		return err
	}
	c.unfinished += s.length
	s.begun, s.body = true, c.room(s.length)
	return nil
}

// room makes room for a message's body. Most are small, and a little memory asked for often costs more than the same at once.
func (c *chunks) room(n int) []byte {
	if n > small {
		return make([]byte, 0, min(n, firstRoom))
	}
	if n > len(c.sheet) {
		c.sheet = make([]byte, sheet)
	}
	b := c.sheet[:0:n]
	c.sheet = c.sheet[n:]
	return b
}

// extension reads an extended timestamp: section 5.3.1.3. Not all broadcasters repeat it in chunks of type 3.
func (c *chunks) extension(format byte, s *chunkStream) error {
	var b [4]byte
	if format == 3 {
		p, err := c.from.Peek(len(b))
		if err != nil {
			return err
		}
		if v := binary.BigEndian.Uint32(p); v != s.field && v != 0 {
			return nil
		}
	}
	if _, err := c.full(b[:]); err != nil {
		return err
	}
	if format < 3 {
		s.field = binary.BigEndian.Uint32(b[:])
	}
	return nil
}

// admit tells why a message may not begin, or nil.
func (c *chunks) admit(s *chunkStream) error {
	switch {
	case s.kind != typeAudio && s.kind != typeVideo && s.length > maxText:
		return fmt.Errorf("%w: a message of type %d and %d bytes", errFormat, s.kind, s.length)
	case c.unfinished+s.length > c.limit:
		return fmt.Errorf("%w: a message of %d bytes; %d is the most", errFormat, s.length, c.limit)
	}
	return nil
}

// control does what a message about chunks asks for.
func (c *chunks) control(m said) error {
	if len(m.body) != 4 {
		return fmt.Errorf("rtmp: a message of type %d and %d bytes", m.kind, len(m.body))
	}
	value := binary.BigEndian.Uint32(m.body)
	switch m.kind {
	case typeChunkSize:
		if value < leastChunk || value > math.MaxInt32 {
			return fmt.Errorf("rtmp: chunks of %d bytes", value)
		}
		c.size = int(min(value, mostChunk))
	case typeAbort:
		if s := c.streams[value]; s != nil && s.begun {
			c.drop(s)
		}
	case typeWindow:
		c.window = value
	}
	return nil
}

// full reads all of p.
func (c *chunks) full(p []byte) (int, error) {
	n, err := io.ReadFull(c.from, p)
	c.read += uint32(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
