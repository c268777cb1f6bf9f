package edge

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// followInTime asks for parts 2 to 4 of segment 13 before they are there, as somebody does who is in time.
func followInTime(t *testing.T, e *Edge, b *broadcast) {
	t.Helper()
	get(e, playlistPath)
	for part := 2; part < 5; part++ {
		time.AfterFunc(100*time.Millisecond, b.grow)
		if w := get(e, fmt.Sprintf("%s?_HLS_msn=13&_HLS_part=%d", playlistPath, part)); w.Body.String() != playlist(12, part+1) {
			t.Fatalf("part %d: %s", part, w.Body)
		}
	}
}

// TestLateReloads: who asks for a place that has come is answered with the newest playlist, by the front and by the handler, with the tag and the age of that,
// and nothing is asked upstream for it. Once the newest is old it is asked for anew, also by who asks for its own place.
//
// Clause: hls-old-msn, hls-cache
func TestLateReloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		src := newSource(b.ServeHTTP)
		e := newEdge(t, Config{Transport: src})
		followInTime(t, e, b)
		cache := &counting{Edge: e}
		viewer, end := serveAhead(e, cache)
		defer end()
		ask := asker(t, viewer)
		asked := src.total("")
		newest, _ := ask(playlistPath+"?_HLS_msn=13&_HLS_part=4", "")
		tag := newest.Header.Get("ETag")
		old := e.cache.look(playlistPath + "?_HLS_msn=13&_HLS_part=2")
		for _, uri := range []string{playlistPath + "?_HLS_msn=13&_HLS_part=2", playlistPath + "?_HLS_msn=13&_HLS_part=3"} {
			time.Sleep(400 * time.Millisecond)
			hits := cache.hits.Load()
			r, body := ask(uri, "")
			if body != playlist(12, 5) || r.Header.Get("ETag") != tag || cache.hits.Load() != hits+1 {
				t.Errorf("%s: tag %s, want %s; %d at hand; %s", uri, r.Header.Get("ETag"), tag, cache.hits.Load()-hits, body)
			}
			if age, control := r.Header.Get("Age"), r.Header.Get("Cache-Control"); age != "0" || control != "public, max-age=1" {
				t.Errorf("%s: Age %s, Cache-Control %s", uri, age, control)
			}
			if w := get(e, uri); w.Body.String() != playlist(12, 5) {
				t.Errorf("%s by the handler: %s", uri, w.Body)
			}
			if r, _ := ask(uri, "If-None-Match: "+tag+"\r\n"); r.StatusCode != http.StatusNotModified || r.Header.Get("ETag") != tag {
				t.Errorf("%s: %d to who has the newest", uri, r.StatusCode)
			}
			if r, body := ask(uri, "If-None-Match: \""+old.etag+"\"\r\n"); r.StatusCode != http.StatusOK || body != playlist(12, 5) {
				t.Errorf("%s: %d to who has the old one", uri, r.StatusCode)
			}
		}
		if n := src.total(""); n != asked {
			t.Errorf("%d requests upstream", n-asked)
		}
		b.grow()
		time.Sleep(500 * time.Millisecond) // the newest has expired, and what was held for has not
		for part := 4; part > 2; part-- {
			if _, body := ask(fmt.Sprintf("%s?_HLS_msn=13&_HLS_part=%d", playlistPath, part), ""); body != playlist(13, 0) {
				t.Errorf("part %d after a second: %s", part, body)
			}
		}
		if n := src.total(""); n != asked+1 {
			t.Errorf("%d requests upstream, want one for the playlist", n-asked)
		}
	})
}

// TestLateWhileTheNewestComes: while the newest playlist is asked for anew all who are late wait for it, and it is one request.
//
// Clause: hls-old-msn
func TestLateWhileTheNewestComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		slow := false
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			if slow && r.URL.Path == playlistPath {
				time.Sleep(300 * time.Millisecond)
			}
			b.ServeHTTP(w, r)
		})
		e := newEdge(t, Config{Transport: src})
		followInTime(t, e, b)
		b.grow()
		time.Sleep(1100 * time.Millisecond) // the newest has expired
		slow = true
		asked := src.total("")
		said := make(chan string, 4)
		for i := range 4 {
			go func() { said <- get(e, fmt.Sprintf("%s?_HLS_msn=13&_HLS_part=%d", playlistPath, 2+i%3)).Body.String() }()
			time.Sleep(50 * time.Millisecond)
		}
		if len(said) > 0 {
			t.Errorf("somebody did not wait: %s", <-said)
		}
		for range 4 {
			if body := <-said; body != playlist(13, 0) {
				t.Errorf("late: %s", body)
			}
		}
		if n := src.total(""); n != asked+1 {
			t.Errorf("%d requests upstream, want one", n-asked)
		}
	})
}

// TestHeldKeepTheirs: a newer playlist takes nothing from who is being answered, and that is one request and one buffer.
func TestHeldKeepTheirs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		src := newSource(b.ServeHTTP)
		e := newEdge(t, Config{Transport: src})
		get(e, playlistPath)
		uri := playlistPath + "?_HLS_msn=13&_HLS_part=2"
		o, _ := e.open(target{kind: mediaPlaylist, stream: "demo", path: playlistPath, reload: reload{held: true, msn: 13, part: 2}})
		leave := hold(e, uri, 100)
		defer leave()
		b.grow()
		synctest.Wait()
		time.AfterFunc(time.Millisecond, b.grow)
		get(e, playlistPath+"?_HLS_msn=13&_HLS_part=3")
		held, _ := o.whole()
		copied, _ := e.cache.look(playlistPath).whole()
		if string(held) != playlist(12, 3) || string(copied) != playlist(12, 4) {
			t.Errorf("held %s, newest %s", held, copied)
		}
		other, _ := e.cache.look(playlistPath + "?_HLS_msn=13&_HLS_part=3").whole()
		if &other[0] != &copied[0] || src.total(uri) != 1 {
			t.Errorf("a second buffer, or %d requests", src.total(uri))
		}
	})
}

// TestLateDeltas: a delta is made for who has what it leaves out. Who asks for a place before that gets the playlist whole.
//
// Clause: hls-skip
func TestLateDeltas(t *testing.T) {
	src := newSource(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, "_HLS_skip=YES") {
			io.WriteString(w, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXTINF:2,\n1/s13.m4s\n")
			return
		}
		io.WriteString(w, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:10\n#EXTINF:2,\n1/s10.m4s\n#EXTINF:2,\n1/s11.m4s\n#EXTINF:2,\n1/s12.m4s\n#EXTINF:2,\n1/s13.m4s\n")
	})
	e := newEdge(t, Config{Transport: src})
	for msn, delta := range map[int]bool{9: false, 10: false, 12: false, 13: true} {
		w := get(e, fmt.Sprintf("%s?_HLS_msn=%d&_HLS_skip=YES", playlistPath, msn))
		if is := strings.Contains(w.Body.String(), "#EXT-X-SKIP"); w.Code != http.StatusOK || is != delta {
			t.Errorf("%d: %d, a delta %v\n%s", msn, w.Code, is, w.Body)
		}
	}
	for msn, delta := range map[int]bool{12: false, 13: true} { // where the delta that was right for the place is kept
		old := newObject(target{kind: mediaPlaylist, stream: "demo", path: playlistPath, reload: reload{held: true, msn: int64(msn), part: -1, skip: true}},
			fmt.Sprintf("%s?_HLS_msn=%d&_HLS_skip=YES", playlistPath, msn))
		old.status, old.position, old.expires = http.StatusOK, position{from: 11, last: 12, present: true}, time.Now().Add(time.Minute)
		old.body = []byte("#EXTM3U\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1\nold\n")
		close(old.head)
		close(old.done)
		e.cache.put(old, 100, time.Now())
		w := get(e, old.uri)
		if is := strings.Contains(w.Body.String(), "#EXT-X-SKIP"); is != delta || !strings.Contains(w.Body.String(), "s13.m4s") {
			t.Errorf("%d, a delta of before is kept: a delta %v\n%s", msn, is, w.Body)
		}
	}
}

// TestNewer: what is newer than what.
func TestNewer(t *testing.T) {
	at := func(last int64, parts int, ended bool) position {
		return position{last: last, parts: parts, ended: ended, present: true}
	}
	for _, c := range []struct {
		p, q position
		want bool
	}{
		{at(12, 3, false), at(12, 2, false), true},
		{at(13, 0, false), at(12, 5, false), true},
		{at(12, 2, false), at(12, 2, false), false},
		{at(12, 2, false), at(12, 3, false), false},
		{at(12, 2, true), at(12, 2, false), true},
		{at(12, 2, true), at(12, 2, true), false},
		{at(12, 2, true), at(12, 3, false), false},
		{position{last: 14}, at(12, 3, false), false},
	} {
		if got := c.p.newer(c.q); got != c.want {
			t.Errorf("%+v after %+v: %v", c.p, c.q, got)
		}
	}
}
