package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// ends returns both ends of a connection, the second a prompt one.
func ends(t *testing.T) (plain, prompt net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if plain, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { plain.Close() })
	if prompt, err = (promptListener{listener}).Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { prompt.Close() })
	return plain, prompt
}

// TestPrompt sends both ways, less and more than there is room for.
func TestPrompt(t *testing.T) {
	plain, conn := ends(t)
	if over, ok := conn.(interface{ NetConn() net.Conn }); !ok {
		t.Fatal("it is not prompt")
	} else if _, ok := over.NetConn().(*net.TCPConn); !ok {
		t.Error("the connection beneath is not found")
	}
	head, body := []byte("head"), bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // more than the system keeps for a reader
	for _, c := range []struct{ head, body []byte }{{head, body}, {head, nil}, {nil, body}, {head, head}} {
		type result struct {
			n   int
			err error
		}
		wrote := make(chan result, 1)
		go func() {
			n, err := conn.(interface {
				WriteBoth(a, b []byte) (int, error)
			}).WriteBoth(c.head, c.body)
			wrote <- result{n, err}
		}()
		want := append(bytes.Clone(c.head), c.body...)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(plain, got); err != nil || !bytes.Equal(got, want) {
			t.Error("other bytes came", err)
		}
		if r := <-wrote; r.n != len(want) || r.err != nil {
			t.Error(r, "of", len(want))
		}
	}
	go func() {
		plain.Write(body)
		plain.(*net.TCPConn).CloseWrite()
	}()
	if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, body) {
		t.Error("other bytes came", len(got), err)
	}
}

func TestPromptFails(t *testing.T) {
	t.Parallel() // it is mostly waiting
	plain, conn := ends(t)
	conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("read:", err)
	}
	big := make([]byte, 64<<20)
	conn.SetWriteDeadline(time.Now().Add(time.Second))
	if n, err := conn.Write(big); !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n == len(big) {
		t.Error("write:", n, err)
	}
	plain.(*net.TCPConn).SetLinger(0)
	plain.Close()
	conn.SetDeadline(time.Time{})
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Error("read:", err)
	}
	if _, err := conn.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Error("write:", err)
	}
	conn.Close()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Error("read:", err)
	}
}
