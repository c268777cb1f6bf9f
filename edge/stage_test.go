package edge

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// stage is an origin with one of everything.
func stage(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	switch path := r.URL.Path; {
	case path == "/live/demo/index.m3u8":
		h.Set("Cache-Control", "public, max-age=2")
		h.Set("Content-Type", "application/vnd.apple.mpegurl")
		io.WriteString(w, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/index.m3u8\n")
	case path == playlistPath:
		if r.URL.Query().Get("_HLS_msn") != "" {
			h.Set("Cache-Control", "public, max-age=2")
		} else {
			h.Set("Cache-Control", "public, max-age=1")
		}
		h.Set("Content-Type", "application/vnd.apple.mpegurl")
		io.WriteString(w, playlist(12, 2+len(r.URL.RawQuery)/17))
	case strings.HasPrefix(path, "/live/demo/v0/1700000000/s99"):
		h.Set("Cache-Control", "public, max-age=600")
		h.Set("Set-Cookie", "viewer=1")
		w.WriteHeader(http.StatusNotFound)
	case strings.HasPrefix(path, "/live/demo/v0/1700000000/s500"):
		h.Set("Cache-Control", "public, max-age=600")
		w.WriteHeader(http.StatusInternalServerError)
	case strings.HasPrefix(path, "/live/demo/v0/"):
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Type", "video/mp4")
		h.Set("Set-Cookie", "viewer=1")
		w.Write(partBytes)
	case path == "/api/v1/streams/demo":
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "public, max-age=1")
		fmt.Fprintf(w, `{"name":"demo","publicKey":%q}`, testKey)
	case r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

const testKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
