package rtmp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/rawmessage"
)

// header is that of a chunk of type 0 on chunk stream 3.
func header(kind byte, length int) []byte {
	return []byte{3, 0, 0, 0, byte(length >> 16), byte(length >> 8), byte(length), kind, 1, 0, 0, 0}
}

// whole is a message in one chunk.
func whole(kind byte, body ...byte) []byte { return append(header(kind, len(body)), body...) }

func chunkSize(n uint32) []byte { return binary.BigEndian.AppendUint32(header(typeChunkSize, 4), n) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// readAll reads messages until an error, which is nil at an end in order.
func readAll(b []byte, limit int, slowly bool) (all []said, err error) {
	var from io.Reader = bytes.NewReader(b)
	if slowly {
		from = iotest.OneByteReader(from)
	}
	c := newChunks(bufio.NewReaderSize(from, readAhead))
	c.limit = limit
	for {
		m, err := c.next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, m)
	}
}

func TestChunks(t *testing.T) {
	long := func(kind byte, n int) []byte { return whole(kind, make([]byte, n)...) }
	for _, c := range []struct {
		name  string
		limit int
		b     []byte
		sizes []int  // of the messages that come through
		why   string // why no more do; empty: the end
	}{
		{"a short message", introBytes, long(20, 100), []int{100}, ""},
		{"an empty message", introBytes, long(20, 0), []int{0}, ""},
		{"in chunks", introBytes, join(header(8, 200), make([]byte, 128), []byte{0xc3}, make([]byte, 72)), []int{200}, ""},
		{"in turns", introBytes, join(header(8, 130), make([]byte, 128), []byte{4, 0, 0, 0, 0, 0, 1, 9, 0, 0, 0, 0, 7, 0xc3, 0, 0}), []int{1, 130}, ""},
		{"a chunk stream of two bytes", introBytes, join([]byte{0, 200}, header(8, 1)[1:], []byte{1, 0xc0, 200, 2}), []int{1, 1}, ""},
		{"a chunk stream of three bytes", introBytes, join([]byte{1, 1, 1}, header(8, 1)[1:], []byte{1, 0xc1, 1, 1, 2}), []int{1, 1}, ""},
		{"an aborted message", introBytes, join(header(8, 200), make([]byte, 128), []byte{2, 0, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 0, 0, 0, 3}, long(9, 1)), []int{1}, ""},
		{"ten MiB", introBytes, header(9, 10<<20), nil, "10485760 bytes"},
		{"ten MiB in one chunk", introBytes, append(chunkSize(10<<20), header(9, 10<<20)...), nil, "10485760 bytes"},
		{"ten MiB, admitted", maxMessages, header(9, 10<<20), nil, "10485760 bytes"},
		{"four MiB, admitted", maxMessages, append(chunkSize(10<<20), long(9, 4<<20)...), []int{4 << 20}, ""},
		{"four MiB of commands, admitted", maxMessages, header(20, 4<<20), nil, "type 20"},
		{"four MiB twice at once", maxMessages,
			append(append(header(9, 4<<20), make([]byte, 128)...), 4, 0, 0, 0, 64, 0, 0, 9, 0, 0, 0, 0), nil, "4194304 bytes"},
		{"chunks of one byte", maxMessages, chunkSize(1), nil, "chunks of 1 byte"},
		{"chunks of 2 GiB", maxMessages, append(chunkSize(0x7fffffff), long(9, 4<<20)...), []int{4 << 20}, ""},
		{"chunks of more", maxMessages, chunkSize(0x80000000), nil, "chunks of 2147483648 byte"},
		{"a size of three bytes", maxMessages, whole(typeChunkSize, 1, 0, 0), nil, "type 1 and 3 bytes"},
		{"type 3 first", introBytes, []byte{0xc3}, nil, "type 3"},
		{"type 0 within a message", introBytes, append(append(header(8, 200), make([]byte, 128)...), header(8, 1)...), nil, "type 0"},
		{"cut off", introBytes, header(8, 1), nil, "EOF"},
		{"sixty-five chunk streams", introBytes, func() (b []byte) {
			for id := range byte(65) {
				b = append(b, 0, id)
				b = append(b, whole(8, 1)[1:]...)
			}
			return b
		}(), slicesOf(64, 1), "chunk streams"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, slowly := range []bool{false, len(c.b) < 1<<16} {
				all, err := readAll(c.b, c.limit, slowly)
				if len(all) != len(c.sizes) || (c.why == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.why) {
					t.Fatalf("%d messages, then %v", len(all), err)
				}
				for i, m := range all {
					if len(m.body) != c.sizes[i] {
						t.Errorf("message %d has %d bytes", i, len(m.body))
					}
				}
			}
		})
	}
}

func slicesOf(n, value int) (s []int) {
	for range n {
		s = append(s, value)
	}
	return s
}

// TestChunkTimes reads timestamps and deltas of every form, up to and over 2^24 and 2^32 milliseconds.
//
// Clause: rtmp-wrap
func TestChunkTimes(t *testing.T) {
	at := func(stamp uint32) []byte { // type 0
		b := append(header(8, 1), 9)
		copy(b[1:], []byte{byte(stamp >> 16), byte(stamp >> 8), byte(stamp)})
		return b
	}
	extended := func(stamp uint32, length int) []byte {
		return binary.BigEndian.AppendUint32(join([]byte{3, 255, 255, 255}, header(8, length)[4:]), stamp)
	}
	for _, c := range []struct {
		name string
		b    []byte
		want []uint32 // milliseconds
	}{
		{"absolute", join(at(5), at(7)), []uint32{5, 7}},
		{"deltas of type 1, 2 and 3", join(at(5), []byte{0x43, 0, 0, 10, 0, 0, 1, 8, 9}, []byte{0x83, 0, 0, 20, 9}, []byte{0xc3, 9}), []uint32{5, 15, 35, 55}},
		{"type 3 after type 0", join(at(5), []byte{0xc3, 9}), []uint32{5, 5}},
		{"extended", join(extended(0x1000000, 1), []byte{9}), []uint32{0x1000000}},
		{"extended, repeated in type 3", join(extended(0x1000000, 130), make([]byte, 128), []byte{0xc3, 1, 0, 0, 0}, []byte{8, 8}, at(7)), []uint32{0x1000000, 7}},
		{"extended, not repeated in type 3", join(extended(0x1000000, 140), make([]byte, 128), []byte{0xc3}, bytes.Repeat([]byte{8}, 12), at(7)), []uint32{0x1000000, 7}},
		{"a delta over 2^32", join(extended(0xfffffff0, 1), []byte{9}, []byte{0x83, 0, 0, 0x20, 9}), []uint32{0xfffffff0, 0x10}},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, err := readAll(c.b, introBytes, true)
			if err != nil || len(all) != len(c.want) {
				t.Fatalf("%d messages: %v", len(all), err)
			}
			for i, m := range all {
				if want := time.Duration(c.want[i]) * time.Millisecond; m.at != want {
					t.Errorf("message %d is at %v, want %v", i, m.at, want)
				}
			}
		})
	}
}

// TestAcknowledgements are due once in a window, whoever asks for it.
func TestAcknowledgements(t *testing.T) {
	b := whole(typeWindow, 0, 0, 3, 0xe8)
	for range 30 {
		b = append(b, whole(8, make([]byte, 100)...)...)
	}
	c := newChunks(bufio.NewReader(bytes.NewReader(b)))
	var told []uint32
	for {
		if _, err := c.next(); err != nil {
			break
		}
		if n, due := c.due(); due {
			told = append(told, n)
		}
	}
	if len(told) != 3 || told[0] < 1000 || told[0] > 1112 {
		t.Fatal(told)
	}
}

// TestStrangerMemory announces ten MiB on a connection without a key.
//
// Clause: hostile
func TestStrangerMemory(t *testing.T) {
	client, server := net.Pipe()
	told := make(chan struct{})
	go func() {
		defer close(told)
		_, _ = client.Write(append([]byte{3}, make([]byte, 1536)...))
		_, _ = io.CopyN(io.Discard, client, 1+2*1536)
		_, _ = client.Write(make([]byte, 1536))
		_, _ = client.Write(append(chunkSize(10<<20), header(20, 10<<20)...))
	}()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := greet(&bounded{Conn: server, left: introBytes, until: time.Now().Add(5 * time.Second)})
	runtime.ReadMemStats(&after)
	_, _ = server.Close(), client.Close()
	<-told
	if !errors.Is(err, errFormat) {
		t.Error(err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("a stranger's header took %d bytes", n)
	}
}

// FuzzChunks lets anybody say anything: what comes out was never longer than it may be, and no more than came in.
func FuzzChunks(f *testing.F) {
	f.Add(append(header(8, 200), make([]byte, 220)...))
	f.Add(append(chunkSize(300), append(header(9, 299), make([]byte, 600)...)...))
	f.Add(append(append(header(8, 200), make([]byte, 128)...), 4, 0, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0xc3, 0x43))
	f.Add([]byte{3, 255, 255, 255, 0, 0, 1, 8, 0, 0, 0, 0, 1, 2, 3, 4, 9, 0xc3, 1, 2, 3, 4, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 1000
		c := newChunks(bufio.NewReaderSize(iotest.OneByteReader(bytes.NewReader(b)), 16))
		c.limit = limit
		sum := 0
		for {
			m, err := c.next()
			if c.unfinished < 0 || c.unfinished > limit || len(c.streams) > maxStreams {
				t.Fatalf("%d bytes under way on %d chunk streams", c.unfinished, len(c.streams))
			}
			if err != nil {
				break
			}
			if sum += len(m.body); len(m.body) > limit || sum > len(b) {
				t.Fatalf("a message of %d bytes, %d in all of %d", len(m.body), sum, len(b))
			}
		}
	})
}

// FuzzChunksOf has the library write messages, and reads the same ones.
func FuzzChunksOf(f *testing.F) {
	f.Add([]byte("some messages of some lengths"), uint16(130), uint32(0xfffff0), uint8(3))
	f.Add(make([]byte, 4000), uint16(700), uint32(0xfffffff0), uint8(63))
	f.Fuzz(func(t *testing.T, data []byte, step uint16, start uint32, stream uint8) {
		var b bytes.Buffer
		w := rawmessage.NewWriter(&b, bytecounter.NewWriter(&b), false)
		var want []said
		for at := start; len(data) > 0 && len(want) < 50; at += uint32(step) {
			n := min(len(data), int(step)+1)
			m := said{typeAudio, uint32(stream)%62 + 2, time.Duration(at) * time.Millisecond, data[:n]}
			if at >= extendedMarker && n > 128 {
				return // the library writes zeroes in place of what is to be repeated
			}
			data = data[n:]
			want = append(want, m)
			if err := w.Write(&rawmessage.Message{ChunkStreamID: byte(m.stream), Timestamp: m.at, Type: m.kind, MessageStreamID: 1, Body: m.body}); err != nil {
				t.Fatal(err)
			}
		}
		got, err := readAll(b.Bytes(), maxMessages, false)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d messages of %d: %v", len(got), len(want), err)
		}
		for i, m := range got {
			if w := want[i]; m.kind != w.kind || m.stream != w.stream || m.at != w.at || !bytes.Equal(m.body, w.body) {
				t.Fatalf("message %d: %+v, want %+v", i, m, w)
			}
		}
	})
}
