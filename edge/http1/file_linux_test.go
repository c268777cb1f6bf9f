package http1

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// onFile is a cache with one answer, whose body is in a file too.
type onFile struct {
	answer Answer
	tally  tally
	fd     int
	held   atomic.Int32
	holds  atomic.Int32
}

func (f *onFile) Hit(netip.Addr, *Head, time.Time) (Answer, bool) { return f.answer, true }
func (f *onFile) Hold() (int, int64, bool)                        { f.held.Add(1); f.holds.Add(1); return f.fd, ahead, true }
func (f *onFile) Release()                                        { f.held.Add(-1) }

// ahead is how much a file has before the body.
const ahead = 12345

// newOnFile returns one with a head of some size, and a file that may be shorter than the body.
func newOnFile(t *testing.T, head int, body []byte, inFile int) *onFile {
	fd, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if n, err := unix.Pwrite(fd, body[:inFile], ahead); n != inFile || err != nil {
		t.Fatal(n, err)
	}
	f := &onFile{fd: fd}
	f.answer = Answer{Head: fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nX: %s\r\nContent-Length: %d\r\n\r\n", strings.Repeat("h", head), len(body)),
		Body: body, Tally: &f.tally, File: f}
	return f
}

// TestSendFile: an answer from a file is the answer, however long its head, in as many slices as it takes; one of which the file has less ends its connection,
// as does one that nobody takes; and by TLS no file is sent.
func TestSendFile(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 3*Slice/16)
	for name, c := range map[string]struct {
		head, inFile int
		secure, slow bool
	}{
		"whole": {head: 100, inFile: len(body)}, "a long head": {head: 16 << 20, inFile: len(body)}, "a short file": {head: 100, inFile: len(body) - 1},
		"TLS": {head: 100, inFile: len(body), secure: true}, "nobody reads": {head: 16 << 20, inFile: len(body), slow: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newOnFile(t, c.head, body, c.inFile)
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			gone := make(chan struct{}, 1)
			config := Config{Cache: f, Handler: plainHandler, Gone: func(net.Conn) { gone <- struct{}{} }, WriteTime: time.Minute}
			if c.secure {
				config.TLS = certified(t)
			}
			if c.slow {
				config.WriteTime = 50 * time.Millisecond
			}
			front := New(listener, config)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { front.Run(ctx); close(ended) }()
			defer func() { cancel(); <-ended; front.Close() }()
			viewer, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer viewer.Close()
			if c.secure {
				viewer = tls.Client(viewer, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
			}
			io.WriteString(viewer, ask("/")+ask("/"))
			if c.slow {
				<-gone
				return
			}
			r := bufio.NewReader(viewer)
			for i := range 2 { // of which the second goes from the file
				resp, err := http.ReadResponse(r, nil)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(resp.Body)
				if i == 1 && c.inFile < len(body) {
					if err != io.ErrUnexpectedEOF || len(got) != c.inFile {
						t.Errorf("%d bytes, %v", len(got), err)
					}
					break
				}
				if err != nil || !bytes.Equal(got, body) || len(resp.Header.Get("X")) != c.head {
					t.Fatalf("%d bytes, a head of %d, %v", len(got), len(resp.Header.Get("X")), err)
				}
			}
			viewer.Close()
			<-gone
			if f.held.Load() != 0 || c.secure != (f.holds.Load() == 0) {
				t.Errorf("%d hold the file, %d have", f.held.Load(), f.holds.Load())
			}
			if !slices.Equal(f.tally.bytes, []int{len(body), c.inFile}) {
				t.Errorf("%d bytes are counted, want %d and %d", f.tally.bytes, len(body), c.inFile)
			}
		})
	}
}
