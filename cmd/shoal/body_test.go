package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestBodyNeverComes has requests promise a body that does not come: their connections do not stay.
func TestBodyNeverComes(t *testing.T) {
	reads := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			io.ReadAll(r.Body)
		}
		fmt.Fprintln(w, "answered")
	})
	server := httptest.NewServer(hurried(reads, 50*time.Millisecond))
	defer server.Close()
	for _, method := range []string{"GET", "POST", "PUT"} {
		t.Run(method, func(t *testing.T) {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "%s / HTTP/1.1\r\nHost: tv.example\r\nContent-Length: 1\r\n\r\n", method)
			conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			if _, err := io.ReadAll(conn); err != nil {
				t.Errorf("the connection stays: %v", err)
			}
		})
	}
}
