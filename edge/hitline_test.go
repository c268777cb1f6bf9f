package edge

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLogAhead: what goes past the server is in the log as all else is.
func TestLogAhead(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			b := newBroadcast(12, 2)
			e := newEdge(t, Config{Transport: newSource(b.ServeHTTP), AccessLog: &out})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { e.Run(ctx); close(ended) }()
			cache := &counting{Edge: e}
			viewer, end := serve(e)
			if ahead {
				end()
				viewer, end = serveAhead(e, cache)
			}
			reader := bufio.NewReader(viewer)
			ask := func(uri string) {
				io.WriteString(viewer, "GET "+uri+" HTTP/1.1\r\nHost: a\r\nCookie: hidden\r\n\r\n")
				r, err := http.ReadResponse(reader, nil)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, r.Body)
			}
			ask(playlistPath)
			ask(playlistPath)
			go get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2")
			synctest.Wait()
			time.AfterFunc(300*time.Millisecond, b.grow)
			ask(playlistPath + "?_HLS_msn=13&_HLS_part=2")
			synctest.Wait()
			end()
			cancel()
			<-ended
			var got []string
			for text := range strings.Lines(out.String()) {
				var l line
				if err := json.Unmarshal([]byte(text), &l); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				got = append(got, fmt.Sprint(l.Method, l.Path, l.Status, l.Bytes, l.Cache, l.Protocol, l.Millis >= 300))
			}
			slices.Sort(got)
			first, second := strconv.Itoa(len(playlist(12, 2))), strconv.Itoa(len(playlist(12, 3)))
			want := []string{"GET" + playlistPath + "200 " + first + "hitHTTP/1.1false", "GET" + playlistPath + "200 " + first + "missHTTP/1.1false",
				"GET" + playlistPath + "200 " + second + "hitHTTP/1.1true", "GET" + playlistPath + "200 " + second + "missHTTP/1.1true"}
			if !slices.Equal(got, want) || strings.Contains(out.String(), "hidden") {
				t.Errorf("ahead %v: got\n%s\nwant\n%s", ahead, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if n := cache.hits.Load(); ahead && n != 2 {
				t.Errorf("%d were at hand", n)
			}
		})
	}
}
