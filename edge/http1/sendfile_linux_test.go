package http1

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// filed has one answer at hand, in memory and in a file.
type filed struct {
	body []byte
	file int
	held int
}

func (f *filed) Hold() (int, int64, bool) { f.held++; return f.file, ahead, true }
func (f *filed) Release()                 { f.held-- }

func (f *filed) Hit(_ netip.Addr, _ *Head, _ time.Time) (Answer, bool) {
	return Answer{Head: fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(f.body)), Body: f.body, File: f, Tally: &counted}, true
}

// TestBothWays: whether it is copied or comes from its file, an answer is the same, though the socket takes it in many pieces.
func TestBothWays(t *testing.T) {
	counted = tally{}
	f := &filed{body: make([]byte, 3<<20+1)}
	rand.NewChaCha8([32]byte{}).Read(f.body)
	var err error
	if f.file, err = unix.MemfdCreate("body", unix.MFD_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(f.file)
	if n, err := unix.Pwrite(f.file, f.body, ahead); n < len(f.body) {
		t.Fatal(n, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := New(listener, Config{Handler: plainHandler, Cache: f})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { front.Run(ctx); close(ended) }()
	viewer, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	const answers = 4
	for range answers {
		io.WriteString(viewer, ask("/hit"))
	}
	reader := bufio.NewReader(viewer)
	for i := range answers {
		r, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(body, f.body) {
			t.Errorf("answer %d: %d bytes, %v", i, len(body), err)
		}
	}
	viewer.Close()
	cancel()
	<-ended
	front.Close()
	way := front.ways.of(len(f.body))
	if way.sent.Load() != answers || way.copied.Load() == 0 || way.filed.Load() == 0 || f.held != 0 || len(counted.bytes) != answers || counted.bytes[1] != len(f.body) {
		t.Errorf("%d sent, copied %d and from the file %d ns a megabyte, %d held, counted %v", way.sent.Load(), way.copied.Load(), way.filed.Load(), f.held, counted.bytes)
	}
}
