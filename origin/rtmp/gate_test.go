package rtmp

import (
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
	return []byte{3, 0, 0, 0, byte(length >> 16), byte(length >> 8), byte(length), kind, 0, 0, 0, 0}
}

func chunkSize(n uint32) []byte { return binary.BigEndian.AppendUint32(header(typeChunk, 4), n) }

func TestGate(t *testing.T) {
	long := func(kind byte, n int) []byte { return append(header(kind, n), make([]byte, n)...) }
	for _, c := range []struct {
		name  string
		limit int
		b     []byte
		why   string // why not all passes; empty: it does
	}{
		{"a short message", introBytes, long(20, 100), ""},
		{"in chunks", introBytes, append(append(header(8, 200), make([]byte, 128)...), append([]byte{0xc3}, make([]byte, 72)...)...), ""},
		{"an extended timestamp", introBytes, append([]byte{3, 255, 255, 255, 0, 0, 1, 8, 0, 0, 0, 0, 1, 2, 3, 4, 9}, 0xc3, 1, 2, 3, 4, 9), ""},
		{"ten MiB", introBytes, header(9, 10<<20), "10485760 bytes"},
		{"ten MiB in one chunk", introBytes, append(chunkSize(10<<20), header(9, 10<<20)...), "10485760 bytes"},
		{"ten MiB, admitted", maxMessages, header(9, 10<<20), "10485760 bytes"},
		{"four MiB, admitted", maxMessages, append(chunkSize(10<<20), long(9, 4<<20)...), ""},
		{"four MiB of commands, admitted", maxMessages, header(20, 4<<20), "type 20"},
		{"four MiB twice at once", maxMessages,
			append(append(header(9, 4<<20), make([]byte, 128)...), 4, 0, 0, 0, 64, 0, 0, 9, 0, 0, 0, 0), "4194304 bytes"},
		{"chunks of one byte", maxMessages, chunkSize(1), "chunks of 1 byte"},
		{"type 3 first", introBytes, []byte{0xc3}, "type 3"},
		{"type 0 within a message", introBytes, append(append(header(8, 200), make([]byte, 128)...), header(8, 1)...), "type 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, slow := range []bool{false, true} {
				var from io.Reader = bytes.NewReader(c.b)
				if slow {
					from = iotest.OneByteReader(from)
				}
				g := newGate(from)
				g.limit = c.limit
				passed, err := io.ReadAll(g)
				if c.why == "" && (err != nil || !bytes.Equal(passed, c.b)) {
					t.Errorf("%d of %d bytes passed: %v", len(passed), len(c.b), err)
				}
				if c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why) || len(passed) >= len(c.b)) {
					t.Errorf("%d of %d bytes passed: %v", len(passed), len(c.b), err)
				}
			}
		})
	}
}

// TestGateOpens lets a message pass that came with the publish command, before anybody could admit it.
func TestGateOpens(t *testing.T) {
	b := append(header(20, 1), 'x')
	b = append(b, append(header(9, 1<<20), 'y')...)
	g := newGate(bytes.NewReader(b))
	p := make([]byte, 4096)
	n, err := g.Read(p)
	if err != nil || n >= len(b) {
		t.Fatal(n, err)
	}
	if _, err := g.Read(make([]byte, 4096)); !errors.Is(err, errFormat) {
		t.Fatal(err)
	}
	g.limit = maxMessages
	rest, err := io.ReadAll(g)
	if err != nil || !bytes.Equal(append(p[:n:n], rest...), b) {
		t.Fatal(len(rest), err)
	}
}

// TestStrangerMemory announces ten MiB, as the library would make room for, on a connection without a key.
func TestStrangerMemory(t *testing.T) {
	client, server := net.Pipe()
	said := make(chan struct{})
	go func() {
		defer close(said)
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
	<-said
	if !errors.Is(err, errFormat) {
		t.Error(err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("a stranger's header took %d bytes", n)
	}
}

// FuzzGate compares with the library: what passes is read as the gate understood it, and no message is too long.
func FuzzGate(f *testing.F) {
	f.Add(append(header(8, 200), make([]byte, 220)...))
	f.Add(append(chunkSize(300), append(header(9, 299), make([]byte, 600)...)...))
	f.Add(append(append(header(8, 200), make([]byte, 128)...), 4, 0, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0xc3, 0x43))
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 1000
		g := newGate(iotest.OneByteReader(bytes.NewReader(b)))
		g.limit = limit
		counter := bytecounter.NewReadWriter(struct {
			io.Reader
			io.Writer
		}{g, io.Discard})
		r := rawmessage.NewReader(counter, counter.Reader, func(uint32) error { return nil })
		for {
			m, err := r.Read()
			if err != nil {
				return
			}
			if len(m.Body) > limit {
				t.Fatalf("a message of %d bytes", len(m.Body))
			}
			if m.Type != typeChunk && m.Type != typeAbort {
				continue
			}
			if len(m.Body) != 4 {
				t.Fatalf("a message of type %d and %d bytes", m.Type, len(m.Body))
			}
			value := binary.BigEndian.Uint32(m.Body)
			if m.Type == typeAbort {
				r.AbortChunkStream(value)
			} else if err := r.SetChunkSize(value); err != nil || value < leastChunk {
				t.Fatalf("chunks of %d bytes: %v", value, err)
			}
		}
	})
}
