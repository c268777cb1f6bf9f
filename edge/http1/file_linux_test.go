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
	at     int64 // where the body is
	held   atomic.Int32
	holds  atomic.Int32
}

func (f *onFile) Hit(netip.Addr, *Head, time.Time) (Answer, bool) { return f.answer, true }
func (f *onFile) Hold() (int, int64, bool)                        { f.held.Add(1); f.holds.Add(1); return f.fd, f.at, true }
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
	f := &onFile{fd: fd, at: ahead}
	f.answer = Answer{Head: fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nX: %s\r\nContent-Length: %d\r\n\r\n", strings.Repeat("h", head), len(body)),
		Body: body, Tally: &f.tally, File: f}
	return f
}

// headToo writes the head before the body, into the file alone: whoever is sent it has read it there.
func (f *onFile) headToo(t *testing.T) {
	body := make([]byte, len(f.answer.Body))
	n, err := unix.Pread(f.fd, body, ahead)
	if err != nil {
		t.Fatal(err)
	}
	f.at = int64(len(f.answer.Head))
	for at, b := range map[int64][]byte{0: bytes.Replace(f.answer.Head, []byte("X: h"), []byte("X: H"), 1), f.at: body[:n]} {
		if n, err := unix.Pwrite(f.fd, b, at); n != len(b) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := unix.Ftruncate(f.fd, f.at+int64(n)); err != nil {
		t.Fatal(err)
	}
	f.answer.Ahead = true
}

// TestSendFile: an answer from a file is the answer, however long its head, in as many slices as it takes; one of which the file has less ends its connection,
// as does one that nobody takes; and by TLS no file is sent.
func TestSendFile(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 3*Slice/16)
	for name, c := range map[string]struct {
		head, inFile       int
		secure, slow, both bool
	}{
		"whole": {head: 100, inFile: len(body)}, "a long head": {head: 16 << 20, inFile: len(body)}, "a short file": {head: 100, inFile: len(body) - 1},
		"TLS": {head: 100, inFile: len(body), secure: true}, "nobody reads": {head: 16 << 20, inFile: len(body), slow: true},
		"with its head": {head: 100, inFile: len(body), both: true}, "a long head of the file": {head: 16 << 20, inFile: len(body), both: true},
		"a head of a short file": {head: 100, inFile: len(body) - 1, both: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newOnFile(t, c.head, body, c.inFile)
			if c.both {
				f.headToo(t)
			}
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
				if h := resp.Header.Get("X"); strings.HasPrefix(h, "H") != (c.both && i == 1) {
					t.Errorf("answer %d begins with the other's head: %.10s", i, h)
				}
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
