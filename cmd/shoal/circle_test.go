package main

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/shoal-live/shoal/edge"
)

// TestParentsOfEachOther has two edges, each the other's parent, and an origin behind both. What viewers ask for, of both at once, comes from the origin,
// to which no name goes that viewers make up; and the log of one, at least, says what is amiss.
//
// Clause: edge-circle, edge-own-request
func TestParentsOfEachOther(t *testing.T) {
	at := [2]string{free(t), free(t)}
	url, asked := source(t)
	var edges [2]*running
	for i := range edges {
		edges[i] = &running{log: new(said), asked: asked}
		edges[i].serve(t, roomy, edge.Config{Origins: []string{url}, Parents: []string{"http://" + at[1-i]}}, nil, at[i])
	}
	viewer := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}} // without the origin it would be 30 s an object
	defer viewer.CloseIdleConnections()
	got := make(chan int)
	for _, path := range []string{partPath, listPath, "/live/demo/v0/1700000000/s99.m4s"} {
		for i := range edges {
			go func() {
				q, _ := http.NewRequest(http.MethodGet, "http://"+at[i]+path, nil)
				q.Header.Set("CDN-Loop", "cdn.example, "+inventedName)
				resp, err := viewer.Do(q)
				if err != nil {
					t.Error(err)
					got <- 0
					return
				}
				defer resp.Body.Close()
				n, err := io.Copy(io.Discard, resp.Body)
				if path == partPath && n != partBytes || err != nil {
					t.Errorf("%s: %d bytes, %v", path, n, err)
				}
				got <- resp.StatusCode
			}()
		}
		want := http.StatusOK
		if path != partPath && path != listPath {
			want = http.StatusNotFound
		}
		for range edges {
			if status := <-got; status != want {
				t.Errorf("%s: %d, want %d", path, status, want)
			}
		}
	}
	says := regexp.MustCompile(`an upstream leads back to this edge.* at=http://127`)
	for deadline := time.Now().Add(10 * time.Second); !says.MatchString(edges[0].log.String() + edges[1].log.String()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("neither says it:\n%s\n%s", edges[0].log, edges[1].log)
		}
	}
}

// TestItsOwnParent: an edge whose only parent is itself says so.
//
// Clause: edge-circle, errors
func TestItsOwnParent(t *testing.T) {
	at := free(t)
	r := &running{log: new(said)}
	r.serve(t, roomy, edge.Config{Parents: []string{"http://" + at}}, nil, at)
	resp, err := http.Get("http://" + at + partPath)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusBadGateway || err != nil || !regexp.MustCompile(`lead back to it.*-parents`).Match(text) {
		t.Errorf("%d %s %v", resp.StatusCode, text, err)
	}
	r.log.find(t, regexp.MustCompile(`an upstream leads back to this edge.* at=http://`+regexp.QuoteMeta(at)))
}

// free returns an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
