package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Eyevinn/hls-m3u8/m3u8"

	"github.com/shoal-live/shoal/origin/hls"
)

// miss has a rendition lack segments: its child has died.
func (b *broadcast) miss(segments int) {
	b.take(b.cut.Flush(), nil)
	for range segments {
		g := b.segment
		g.Gap, g.Init, g.Date = true, b.init, b.began.Add(b.sent)
		b.window.Open(g)
		b.window.Add(hls.Part{Duration: 2 * time.Second, Gap: true}, true)
		b.sent += 2 * time.Second
		b.segment.MSN++
		b.frame += 60
	}
	b.base = b.cut.End() + time.Duration(segments)*2*time.Second
	b.start()
}

// late has a rendition begin so many segments after the source.
func (b *broadcast) late(segments int) {
	b.segment.MSN += uint64(segments)
	b.sent = time.Duration(segments) * 2 * time.Second
	b.base += b.sent
	b.start()
}

// TestPlaylists has a recording of files of ten seconds play from where its files are stored: from each rendition, one of which came late and missed
// something, and in step from one to the other. One with times of its own is no variant, and plays alone.
//
// Clause: recording, s3
func TestPlaylists(t *testing.T) {
	a := newArchive(t, Config{Keep: true, Upload: true, FileDuration: 10 * time.Second, Grace: time.Second})
	synctest.Test(t, func(t *testing.T) {
		var made [3]*broadcast
		for i := range made {
			made[i] = newBroadcast(40)
		}
		made[1].late(1)
		made[2].base -= 700 * time.Millisecond
		made[2].start()
		var stops []func()
		for i, b := range made {
			from := b.source()
			from.Rendition = i
			stops = append(stops, record(a, from))
		}
		for n := range 15 {
			made[0].play(60)
			synctest.Wait() // the source is ahead
			if n > 0 && n != 7 && n != 8 {
				made[1].play(60)
			} else if n == 8 {
				made[1].miss(2)
			}
			made[2].play(60)
			synctest.Wait()
		}
		for i, b := range made {
			b.leave(0)
			stops[i]()
		}
	})
	base := filepath.Join(a.config.Dir, "show", "20260501T200000Z")
	for file, zero := range map[string]string{
		"v0/s12": "v0/s12", "v0/s17": "v0/s17", "v0/s22": "v0/s22",
		"v1/s13": "v0/s12", "v1/s17": "v0/s17", "v1/s21": "v0/s17", "v1/s22": "v0/s22",
	} {
		x, err := load(filepath.Join(base, file))
		if err != nil {
			t.Fatal(err)
		}
		y, err := load(filepath.Join(base, zero))
		if err != nil || fmt.Sprint(x.Bases) != fmt.Sprint(y.Bases) {
			t.Errorf("%s begins at %v, %s at %v: %v", file, x.Bases, zero, y.Bases, err)
		}
	}

	bucket := store(t, a)
	server := httptest.NewServer(http.FileServer(http.Dir(bucket)))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	at := server.URL + "/show/20260501T200000Z/"
	for i, c := range []struct{ pictures, gaps int }{{900, 0}, {720, 3}, {900, 0}} {
		text := fetch(t, fmt.Sprintf("%sv%d/index.m3u8", at, i))
		unquoted := strings.NewReplacer("@0\"", "@0", "BYTERANGE=\"", "BYTERANGE=").Replace(text) // this parser does not know the quotes of 4.4.4.5
		parsed, kind, err := m3u8.Decode(*bytes.NewBufferString(unquoted), true)
		if err != nil || kind != m3u8.MEDIA {
			t.Fatalf("rendition %d: %v: %s", i, err, text)
		}
		if p := parsed.(*m3u8.MediaPlaylist); p.MediaType != m3u8.VOD || !p.Closed || p.SeqNo != 12 || p.Count() != 15 ||
			strings.Count(text, "#EXT-X-GAP\n") != c.gaps || strings.Count(text, "#EXT-X-DISCONTINUITY\n") != 2 {
			t.Errorf("rendition %d: %s", i, text)
		}
		for _, msn := range []string{"s17", "s22"} {
			if !strings.Contains(text, "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\""+msn+".mp4\",BYTERANGE=") {
				t.Errorf("rendition %d does not begin anew at %s: %s", i, msn, text)
			}
		}
		out, err := exec.Command("ffprobe", "-v", "fatal", "-count_packets", "-select_streams", "v:0", "-show_entries", "stream=nb_read_packets",
			"-of", "default=nw=1:nk=1", fmt.Sprintf("%sv%d/index.m3u8", at, i)).Output()
		if got := strings.Fields(string(out)); err != nil || len(got) == 0 || got[0] != strconv.Itoa(c.pictures) {
			t.Errorf("rendition %d has %q pictures of %d, %v: %s", i, got, c.pictures, err, text)
		}
	}
	if text := fetch(t, at+"index.m3u8"); !strings.Contains(text, "v0/index.m3u8\n") || !strings.Contains(text, "v1/index.m3u8\n") || strings.Contains(text, "v2") {
		t.Errorf("the variants: %s", text)
	}
}

// store copies what there is to store into a folder, as an uploader does, and returns it.
func store(t *testing.T, a *Archive) string {
	t.Helper()
	bucket := t.TempDir()
	put := func(key string, b []byte) {
		t.Helper()
		name := filepath.Join(bucket, key)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	files, _, _ := a.Waiting(100, all)
	if l := a.Unlisted(10, all); len(l) > 0 {
		t.Fatal("listed before the files are there")
	}
	for _, f := range files {
		b, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		put(f.Key, b)
		if err := a.Uploaded(f, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range a.Unlisted(10, all) {
		objects, err := a.Playlists(l)
		if err != nil {
			t.Fatal(err)
		}
		if last := objects[len(objects)-1]; last.Key != l.Key() {
			t.Errorf("the last is %s", last.Key)
		}
		for _, o := range objects {
			put(o.Key, o.Bytes)
		}
	}
	return bucket
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, resp.StatusCode, err)
	}
	return string(b)
}
