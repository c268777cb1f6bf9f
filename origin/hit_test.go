package origin

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestHit asks for one of everything by both ways: what is at hand is answered as ServeHTTP answers it.
//
// Clause: hls-cache
func TestHit(t *testing.T) {
	h := open(t)
	c := h.publish(t, 5*time.Second)
	defer c.Close()
	const playlist = "/live/demo/v0/index.m3u8"
	before := ""
	text := h.until(t, playlist, func(body string) bool { // what was sent has all come
		settled := body == before && strings.Count(body, "#EXTINF") >= 2
		before = body
		time.Sleep(200 * time.Millisecond)
		return settled
	})
	names := func(pattern string) (found []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			found = append(found, "/live/demo/v0/"+m[1])
		}
		return found
	}
	part, init := names(`EXT-X-PART:.*URI="([^"]+)"`)[0], names(`EXT-X-MAP:URI="([^"]+)"`)[0]
	segment, hint := names(`(?m)^(\d.*)$`)[0], names(`PRELOAD-HINT:.*URI="([^"]+)"`)[0]
	for target, want := range map[string]bool{
		playlist: true, playlist + "?_HLS_msn=0": true, playlist + "?_HLS_msn=0&_HLS_part=1&_HLS_skip=YES": true, playlist + "?other=1": true,
		part: true, init: true,
		segment:                    strings.Count(text, "EXT-X-PART:") == 1, // else it lies in several pieces
		playlist + "?_HLS_msn=-1":  false,
		playlist + "?_HLS_msn=900": false,
		"/live/demo/v1/index.m3u8": false, "/live/demo/v00/index.m3u8": false, "/live/none/v0/index.m3u8": false,
		"/live/demo/index.m3u8": false, "/live/demo/v0": false, "/live/": false, "/": false, "": false, "*": false,
		"/live/demo/v0/1/s0.0.m4s": false, part + "/": false, "/live/dem%6f/v0/index.m3u8": false, "/live//demo/v0/index.m3u8": false,
	} {
		answer, ok := h.Hit([]byte(target), false, time.Now())
		if ok != want || answer.Wait != nil {
			t.Errorf("%q: at hand: %v, to wait for: %v", target, ok, answer.Wait != nil)
		}
		if !ok {
			continue
		}
		got, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(answer.Head), bytes.NewReader(answer.Body))), nil)
		if err != nil {
			t.Fatal(target, err)
		}
		body, err := io.ReadAll(got.Body)
		if date, bad := http.ParseTime(got.Header.Get("Date")); bad != nil || time.Since(date) > time.Minute {
			t.Errorf("%q: of %q", target, got.Header.Get("Date"))
		}
		got.Header.Del("Date")
		served := h.get(t, target)
		if err != nil || got.StatusCode != served.Code || !bytes.Equal(body, served.Body.Bytes()) {
			t.Errorf("%q: %v, status %d of %d, %d bytes of %d", target, err, got.StatusCode, served.Code, len(body), served.Body.Len())
		}
		if !maps.EqualFunc(got.Header, served.Header(), slices.Equal) {
			t.Errorf("%q: %v, want %v", target, got.Header, served.Header())
		}
	}
	if _, ok := h.Hit([]byte(playlist), true, time.Now()); ok {
		t.Error("what may be compressed is not at hand")
	}
	// What is to come is waited for, and for no longer than it should take.
	next := regexp.MustCompile(`s(\d+)\.(\d+)\.m4s$`).FindStringSubmatch(hint)
	for _, target := range []string{hint, playlist + "?_HLS_msn=" + next[1] + "&_HLS_part=" + next[2]} {
		answer, ok := h.Hit([]byte(target), false, time.Now())
		if !ok || answer.Wait == nil {
			t.Fatal(target, ok)
		}
		select {
		case <-answer.Wait:
		case <-time.After(10 * time.Second):
			t.Error(target, "is waited for without end")
		}
	}
}
