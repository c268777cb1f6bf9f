package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/edge"
)

// TestAdminIsNobodyElses: nothing of the admin listener is read under a name that a page of another site could have got hold of it by.
func TestAdminIsNobodyElses(t *testing.T) {
	r := runEdgeHere(t, roomy, edge.Config{}, func(_ *secure, d *desk) { d.board.Hosts = []string{"edge1"} })
	at := r.desk.door.address
	ask := func(host, path string) (int, string) {
		t.Helper()
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if host == "" {
			fmt.Fprintf(c, "GET %s HTTP/1.0\r\n\r\n", path)
		} else {
			fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host)
		}
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(b)
	}
	for _, path := range []string{"/metrics", "/healthz", "/readyz", "/debug/pprof/", "/api/v1/service", "/api/v1/ops", "/ops", "/nothing"} {
		for host, known := range map[string]bool{
			"": true, "localhost": true, "localhost:9090": true, at: true, "127.0.0.1": true, "[::1]:9090": true, "edge1:9090": true, "Edge1": true,
			"evil.example": false, "evil.example:9090": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false, "edge1.evil.example": false, "edge2:9090": false,
		} {
			code, text := ask(host, path)
			if (code != http.StatusMisdirectedRequest) != known {
				t.Errorf("%s of %q: %d", path, host, code)
			}
			if name, _, _ := strings.Cut(host, ":"); !known && !strings.HasSuffix(text, "-ops-host "+name+"\n") {
				t.Errorf("%s of %q says %q", path, host, text)
			}
		}
	}
}
