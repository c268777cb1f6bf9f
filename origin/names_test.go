package origin

import (
	"path"
	"strings"
	"testing"
	"time"
)

// TestNamesAreNeverReused: what an address of media once stood for may be kept for a year, so nothing else ever stands there, in other
// processes neither. A name that comes again has the same bytes, and only an init segment's does.
//
// Clause: hls-cache
func TestNamesAreNeverReused(t *testing.T) {
	const playlist = "/live/demo/v0/index.m3u8"
	data, had := t.TempDir(), map[string]string{}
	for life, long := range []time.Duration{5 * time.Second, 9 * time.Second, 4 * time.Second} {
		h, stop := openAt(t, Config{Data: data})
		c := h.publish(t, long)
		text := h.until(t, playlist, func(body string) bool { return strings.Count(body, "#EXT-X-PART:") > 3 })
		fresh, gap := 0, false
		for line := range strings.Lines(text) {
			_, name, found := strings.Cut(line, `URI="`)
			name, _, _ = strings.Cut(name, `"`)
			if line[0] != '#' {
				name, found = strings.TrimSpace(line), true
			}
			if line == "#EXT-X-GAP\n" {
				gap = true // what follows is of the life before
			}
			if !found || strings.HasPrefix(line, "#EXT-X-PRELOAD-HINT") {
				continue
			}
			if line[0] != '#' && gap {
				gap = false
				continue
			}
			rw := h.get(t, path.Join(path.Dir(playlist), name))
			if kept := rw.Header().Get("Cache-Control"); rw.Code != 200 || kept != "public, max-age=31536000, immutable" {
				t.Fatalf("life %d: %s: %d, which may be kept: %q", life, name, rw.Code, kept)
			}
			before, known := had[name]
			if known && (before != rw.Body.String() || !strings.HasSuffix(name, ".mp4")) {
				t.Errorf("life %d: %s was the name of other media", life, name)
			}
			if had[name] = rw.Body.String(); !known {
				fresh++
			}
		}
		if fresh < 5 {
			t.Errorf("life %d: %d names are new", life, fresh)
		}
		c.Close()
		stop()
	}
}
