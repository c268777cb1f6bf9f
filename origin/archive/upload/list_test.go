package upload

import (
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
)

// What is stored can be played from there: playlists come when all files are there, the multivariant one last, and each object says what it is. They come
// once, whatever fails on the way.
//
// Clause: s3, recording
func TestPlaylistsLast(t *testing.T) {
	s := newStorage(t)
	var mu sync.Mutex
	var order []string // of objects that were put
	cut := map[string]bool{}
	s.fault = func(_ int64, r *http.Request) string {
		mu.Lock()
		defer mu.Unlock()
		if r.Method != http.MethodPut || r.URL.Query().Has("partNumber") {
			return ""
		}
		if key := r.URL.Path; !cut[key] {
			cut[key] = true
			return "500"
		}
		order = append(order, strings.TrimPrefix(r.URL.Path, "/"+bucket+"/"))
		return ""
	}
	dir, want := recordings(t, 200, 300_000, 400)
	u := newUploader(t, dir, s, io.Discard)
	const at = "live/show/20260501T200000Z/"
	run(t, u, func() bool { return u.config.Archive.Recordings("show")[0].Stored })
	check(t, s, want)
	first := slices.Index(order, at+"v0/index.m3u8")
	if first < 0 || order[len(order)-1] != at+"index.m3u8" || slices.ContainsFunc(order[first:], func(key string) bool { return path.Ext(key) != ".m3u8" }) {
		t.Errorf("put in this order: %q", order)
	}
	for key, kind := range map[string]string{
		"index.m3u8": playlistType, "v0/index.m3u8": playlistType, "v0/s0.mp4": mediaType, "v0/s10.mp4": mediaType, "v0/s10.index": indexType,
	} {
		o, err := s.backend.HeadObject(bucket, at+key)
		if err != nil || o.Metadata["Content-Type"] != kind {
			t.Errorf("%s: %v, %v", key, o, err)
		}
	}
	media := 0
	for line := range strings.Lines(string(s.object(t, at+"v0/index.m3u8"))) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		uri, err := url.Parse(line)
		if err != nil || s.object(t, path.Join(at, "v0", uri.Path)) == nil {
			t.Errorf("%q is listed, and not there", line)
		}
		media++
	}
	if media == 0 {
		t.Error("nothing is listed")
	}
	asked := s.asked.Load()
	again := newUploader(t, dir, s, io.Discard)
	if list := again.config.Archive.Unlisted(10, func(string) bool { return false }); len(list) > 0 || !again.empty() || s.asked.Load() != asked {
		t.Error("playlists that are stored wait again after another start")
	}
}
