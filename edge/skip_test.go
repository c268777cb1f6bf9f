package edge

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestDeltas: viewers that take delta playlists get them, those that do not never do, and neither costs the origin a
// playlist that nobody asked for, however long they go on.
//
// Clause: hls-skip, hls-cache
//
// Clause: hls-skip
func TestDeltas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const each = 2 * time.Second
		start := time.Now()
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			w.Header().Set("Cache-Control", "public, max-age=1")
			if q.Has("_HLS_msn") {
				var msn int
				fmt.Sscan(q.Get("_HLS_msn"), &msn)
				time.Sleep(time.Until(start.Add(time.Duration(msn-99) * each)))
				w.Header().Set("Cache-Control", "public, max-age=2")
			}
			next := 100 + int(time.Since(start)/each) // segments 0 to next-1 are there, 50 are listed
			fmt.Fprintf(w, "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", next-50)
			from := next - 50
			if q.Get("_HLS_skip") == "YES" {
				from = next - 10
				fmt.Fprintln(w, "#EXT-X-SKIP:SKIPPED-SEGMENTS=40")
			}
			for ; from < next; from++ {
				fmt.Fprintf(w, "#EXTINF:2.0,\n1/s%d.m4s\n", from)
			}
		})
		e := newEdge(t, Config{Transport: src})
		var all sync.WaitGroup
		for i := range 100 {
			skip := []string{"", "&_HLS_skip=YES", "&_HLS_skip=v2"}[i%3]
			all.Go(func() {
				for msn := 100; msn < 120; msn++ {
					w := get(e, fmt.Sprintf("/live/demo/v0/index.m3u8?_HLS_msn=%d%s", msn, skip))
					body := w.Body.String()
					if w.Code != http.StatusOK || !strings.Contains(body, fmt.Sprintf("/s%d.m4s\n", msn)) {
						t.Errorf("%d%s: %d\n%s", msn, skip, w.Code, body)
						return
					}
					if delta := strings.Contains(body, "#EXT-X-SKIP:"); delta != (skip != "") {
						t.Errorf("%d%s: a delta: %v", msn, skip, delta)
						return
					}
				}
			})
		}
		all.Wait()
		if n := src.total(""); n > 2*20+2 {
			t.Errorf("%d requests to the origin, of which %d are not held", n, src.asked["/live/demo/v0/index.m3u8"])
		}
	})
}
