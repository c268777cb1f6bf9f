package origin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
	"github.com/shoal-live/shoal/origin/thumbnail"
)

// openAt runs an origin on a folder that may have served another, until stop is called.
func openAt(t *testing.T, config Config) (h *house, stop func()) {
	t.Helper()
	keys, err := OpenKeys(config.Data)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Renew("demo")
	if err != nil {
		t.Fatal(err)
	}
	config.RTMPAddr, config.WebRTCAddr, config.Log = "127.0.0.1:0", "127.0.0.1:0", slog.New(slog.NewTextHandler(io.Discard, nil))
	o, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := o.Listen(ctx); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- o.Run(ctx) }()
	return &house{Origin: o, key: key}, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// until asks for something until it is as wanted.
func (h *house) until(t *testing.T, path string, good func(body string) bool) string {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(15 * time.Second); ; <-tick.C {
		rw := h.get(t, path)
		if rw.Code == http.StatusOK && good(rw.Body.String()) {
			return rw.Body.String()
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %d %s", path, rw.Code, rw.Body)
		}
	}
}

// uris returns the addresses in a playlist, made absolute.
func uris(at, playlist string) (all []string) {
	for line := range strings.Lines(playlist) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all = append(all, path.Join(path.Dir(at), line))
		}
	}
	return all
}

// An origin that starts again has its window still: the same addresses, the same bytes, from disk. When the broadcast is over it is a
// recording.
//
// Clause: dvr, recording, restart
func TestDVRAndRecording(t *testing.T) {
	// This broadcaster is forty times as fast as time: what a recorder is late for stays in memory.
	config := Config{Data: t.TempDir(), DVR: 2 * time.Minute, WindowSegments: 30, Record: true}
	const playlist = "/live/demo/v0/index.m3u8"
	h, stop := openAt(t, config)
	c := h.publish(t, 41*time.Second)
	text := h.until(t, playlist, func(body string) bool { return strings.Count(body, "#EXTINF") >= 20 })
	if strings.Contains(text, "#EXT-X-GAP") {
		t.Errorf("gaps: %s", text)
	}
	media := map[string][]byte{}
	for _, uri := range uris(playlist, text)[:20] {
		rw := h.get(t, uri)
		if rw.Code != http.StatusOK || rw.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Fatalf("%s: %d %s", uri, rw.Code, rw.Body)
		}
		media[uri] = rw.Body.Bytes()
	}
	c.Close()
	stop()

	h, stop = openAt(t, config)
	text = h.get(t, playlist).Body.String()
	if all := uris(playlist, text); len(all) < 20 || !strings.HasSuffix(all[0], "/s0.m4s") || strings.Contains(text, "#EXT-X-ENDLIST") {
		t.Fatalf("after a start: %s", text)
	}
	for uri, b := range media {
		if rw := h.get(t, uri); !bytes.Equal(rw.Body.Bytes(), b) {
			t.Errorf("%s: %d, %d bytes, not the %d that it had", uri, rw.Code, rw.Body.Len(), len(b))
		}
	}
	if multi := h.get(t, "/live/demo/index.m3u8").Body.String(); !strings.Contains(multi, `CODECS="avc1.`) {
		t.Errorf("multivariant: %s", multi)
	}
	c = h.publish(t, 7*time.Second)
	text = h.until(t, playlist, func(body string) bool { return strings.Count(body, "#EXTINF") >= 23 })
	if strings.Count(text, "#EXT-X-DISCONTINUITY\n") != 1 || !strings.Contains(text, "#EXT-X-MEDIA-SEQUENCE:0\n") {
		t.Errorf("after the broadcaster came back: %s", text)
	}
	listed := strings.Count(text, "#EXTINF") // what the origin has not read when it ends is lost
	c.Close()
	stop()

	config.Grace = time.Second // after which the recording is finished
	h, stop = openAt(t, config)
	defer stop()
	var list struct {
		Recordings []struct {
			State, Playlist string
			Files           int
		}
		Stopped *string
	}
	h.until(t, "/api/v1/streams/demo/recordings", func(body string) bool {
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatal(err)
		}
		return len(list.Recordings) > 0 && list.Recordings[0].State == "finished"
	})
	if len(list.Recordings) != 1 || list.Recordings[0].Files != 2 || list.Stopped != nil {
		t.Fatalf("recordings: %+v", list)
	}
	at := list.Recordings[0].Playlist
	if all := h.get(t, "/api/v1/recordings").Body.String(); !strings.HasPrefix(all, `{"recordings":[{"stream":"demo","id":"`) || !strings.Contains(all, `"playlist":"`+at+`"`) {
		t.Errorf("of all streams: %s", all)
	}
	variants := uris(at, h.get(t, at).Body.String())
	if len(variants) != 1 {
		t.Fatalf("variants: %q", variants)
	}
	text = h.get(t, variants[0]).Body.String()
	all := uris(variants[0], text)
	if len(all) < listed || !strings.Contains(text, "#EXT-X-PLAYLIST-TYPE:VOD\n") || !strings.HasSuffix(text, "#EXT-X-ENDLIST\n") {
		t.Fatalf("recording: %s", text)
	}
	for _, uri := range all {
		rw := h.get(t, uri)
		if b := media[uri]; rw.Code != http.StatusOK || b != nil && !bytes.Equal(b, rw.Body.Bytes()) {
			t.Errorf("%s: %d", uri, rw.Code)
		}
	}
}

// TestRecordingOfATwin: a stream that is numbered ahead of its twin's, in another epoch, is recorded on.
//
// Clause: recording, backup-origin
func TestRecordingOfATwin(t *testing.T) {
	h, stop := openAt(t, Config{Data: t.TempDir(), DVR: time.Minute, Record: true, Grace: time.Second})
	defer stop()
	s, err := h.streams.Publish("demo", "test")
	if err != nil {
		t.Fatal(err)
	}
	video, err := media.NewH264(testclip.Parameters())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetTracks([]media.Track{video}); err != nil {
		t.Fatal(err)
	}
	units := testclip.Units()
	send := func(from, to int) {
		for n := from; n < to; n++ {
			at := time.Duration(n) * testclip.Interval
			u := media.ParseH264(units[n%len(units)])
			if err := s.Write(media.Frame{Video: true, DTS: at, PTS: at, Key: u.Key, Bytes: u.Bytes}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var files int
	recorded := func(least int) {
		t.Helper()
		h.until(t, "/api/v1/streams/demo/recordings", func(body string) bool {
			var list struct{ Recordings []struct{ Files int } }
			if err := json.Unmarshal([]byte(body), &list); err != nil {
				t.Fatal(err)
			}
			files = 0
			for _, r := range list.Recordings {
				files += r.Files
			}
			return files >= least
		})
	}
	send(0, 2*len(units))
	recorded(1)
	epoch := s.Stream().Epoch()
	s.Stream().Beside(stream.Twin{Epoch: epoch + 5, Next: 20, Leads: true})
	send(2*len(units), 4*len(units))
	if got := s.Stream().Epoch(); got != epoch+6 {
		t.Fatalf("epoch %d became %d", epoch, got)
	}
	recorded(2)
	s.Close()
}

// Of a stream that is not to be recorded nothing is written, and its window is no longer than memory.
func TestUnrecorded(t *testing.T) {
	data := t.TempDir()
	h, stop := openAt(t, Config{Data: data, DVR: time.Minute, WindowSegments: 4, Record: true, Unrecorded: []string{"demo"}})
	c := h.publish(t, 21*time.Second)
	text := h.until(t, "/live/demo/v0/index.m3u8", func(body string) bool { return strings.Contains(body, "/s8.m4s") })
	if n := strings.Count(text, "#EXTINF"); n > 4 || strings.Contains(text, "#EXT-X-GAP") {
		t.Errorf("%d segments are listed: %s", n, text)
	}
	var told struct{ Recording *recording }
	if body := h.get(t, "/api/v1/streams/demo").Body.Bytes(); json.Unmarshal(body, &told) != nil || told.Recording != nil {
		t.Errorf("says %s", body)
	}
	c.Close()
	stop()
	if files, _ := os.ReadDir(filepath.Join(data, "recordings")); len(files) > 0 {
		t.Errorf("there is %v", files)
	}
}

// A broadcast that is numbered anew in its middle, ahead of a twin, is recorded to its end.
//
// Clause: recording, backup-origin
func TestRecordedWhenNumberedAnew(t *testing.T) {
	h, stop := openAt(t, Config{Data: t.TempDir(), Record: true, WindowSegments: 30})
	defer stop()
	track, err := media.NewH264(testclip.Parameters())
	if err != nil {
		t.Fatal(err)
	}
	session, err := h.streams.Publish("demo", "rtmp")
	if err != nil {
		t.Fatal(err)
	}
	defer session.End()
	if err := session.SetTracks([]media.Track{track}); err != nil {
		t.Fatal(err)
	}
	units, sent := testclip.Units(), 0
	send := func(groups int) {
		t.Helper()
		for range groups * testclip.GOP {
			at := time.Duration(sent) * testclip.Interval
			u := media.ParseH264(units[sent%testclip.GOP])
			if err := session.Write(media.Frame{Video: true, DTS: at, PTS: at, Key: u.Key, Bytes: u.Bytes}); err != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	recorded := func(files int) {
		t.Helper()
		h.until(t, "/api/v1/streams/demo/recordings", func(body string) bool {
			var list struct{ Recordings []struct{ Files int } }
			if err := json.Unmarshal([]byte(body), &list); err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, r := range list.Recordings {
				n += r.Files
			}
			if n < files {
				send(1) // a recorder that came late begins with what is still to come
			}
			return n >= files
		})
	}
	send(3)
	recorded(1)
	st := h.streams.Get("demo")
	before := st.Epoch()
	st.Beside(stream.Twin{Epoch: before + 1, Leads: true})
	send(3)
	if st.Epoch() == before {
		t.Fatal("not numbered anew")
	}
	recorded(2)
}

// Clause: thumbnails
func TestThumbnail(t *testing.T) {
	h := open(t)
	if rw := h.get(t, "/live/demo/thumb.jpg"); rw.Code != http.StatusNotFound {
		t.Errorf("before the broadcast: %d", rw.Code)
	}
	var err error
	if h.pictures, err = thumbnail.New(thumbnail.Config{Patience: time.Minute}); err != nil { // it makes them when nothing else is to be done
		t.Fatal(err)
	}
	c := h.publish(t, 5*time.Second)
	defer c.Close()
	h.until(t, "/live/demo/v0/index.m3u8", func(string) bool { return true })
	rw := h.get(t, "/live/demo/thumb.jpg")
	if rw.Code != http.StatusOK || rw.Header().Get("Content-Type") != "image/jpeg" || !bytes.HasPrefix(rw.Body.Bytes(), []byte{0xff, 0xd8}) {
		t.Errorf("%d %v %s", rw.Code, rw.Header(), fmt.Sprintf("%.80q", rw.Body))
	}
}

// TestRecordingThumbnail: a finished recording has a picture, which the list names; what is not there has none, and makes no room for it.
//
// Clause: thumbnails, recording
func TestRecordingThumbnail(t *testing.T) {
	config := Config{Data: t.TempDir(), Record: true, Grace: time.Second}
	h, stop := openAt(t, config)
	defer stop()
	var err error
	if h.pictures, err = thumbnail.New(thumbnail.Config{Width: 160, Patience: time.Minute}); err != nil {
		t.Fatal(err)
	}
	c := h.publish(t, 7*time.Second)
	h.until(t, "/live/demo/v0/index.m3u8", func(body string) bool { return strings.Count(body, "#EXTINF") >= 3 })
	c.Close()
	var at string
	h.until(t, "/api/v1/recordings", func(body string) bool {
		var list struct{ Recordings []struct{ Thumbnail string } }
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatal(err)
		}
		at = ""
		if len(list.Recordings) == 1 {
			at = list.Recordings[0].Thumbnail
		}
		return at != ""
	})
	rw := h.get(t, at)
	picture, err := jpeg.Decode(rw.Body)
	if err != nil || picture.Bounds().Dx() != 160 || rw.Header().Get("Cache-Control") != "public, max-age=86400" {
		t.Errorf("%s: %d %v, %v", at, rw.Code, rw.Header(), err)
	}
	for _, none := range []string{"/live/demo/recordings/20200101T000000Z/thumb.jpg", "/live/demo/recordings/x/thumb.jpg", "/live/nobody/recordings/20200101T000000Z/thumb.jpg"} {
		if rw := h.get(t, none); rw.Code != http.StatusNotFound {
			t.Errorf("%s: %d", none, rw.Code)
		}
	}
	if h.pictures, err = thumbnail.New(thumbnail.Config{FFmpeg: "no-such-ffmpeg"}); err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"/api/v1/recordings", "/api/v1/streams/demo/recordings"} {
		if body := h.get(t, list).Body.String(); !strings.Contains(body, `"thumbnail":null`) {
			t.Errorf("without ffmpeg: %s", body)
		}
	}
}

// TestNoThumbnailOfSound: of sound alone no picture is tried.
//
// Clause: thumbnails
func TestNoThumbnailOfSound(t *testing.T) {
	h := open(t)
	program := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ntouch \"$0.ran\"; exit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var err error
	if h.pictures, err = thumbnail.New(thumbnail.Config{FFmpeg: program}); err != nil {
		t.Fatal(err)
	}
	track, err := media.NewAAC(testclip.AACConfig())
	if err != nil {
		t.Fatal(err)
	}
	session, err := h.streams.Publish("demo", "rtmp")
	if err != nil {
		t.Fatal(err)
	}
	defer session.End()
	if err := session.SetTracks([]media.Track{track}); err != nil {
		t.Fatal(err)
	}
	for n := range 200 {
		at := time.Duration(n) * track.SampleLength
		if err := session.Write(media.Frame{DTS: at, PTS: at, Key: true, Bytes: testclip.AAC}); err != nil {
			t.Fatal(err)
		}
	}
	rw := h.get(t, "/live/demo/thumb.jpg")
	if rw.Code != http.StatusNotFound || !strings.Contains(rw.Body.String(), "no key frame") {
		t.Errorf("%d %s", rw.Code, rw.Body)
	}
	if _, err := os.Stat(program + ".ran"); err == nil {
		t.Error("ffmpeg was run")
	}
}

// TestRecordingIsTold: the API says of a live stream whether it is written to disk, and why not.
//
// Clause: disk-full
func TestRecordingIsTold(t *testing.T) {
	for _, c := range []struct {
		record, works bool
		want          string
	}{
		{true, true, `"recording":{"state":"working","why":null}`},
		{true, false, `"recording":{"state":"stopped","why":"the disk cannot be written to"}`},
		{false, true, `"recording":null`},
	} {
		config := Config{Data: t.TempDir(), Record: c.record}
		if !c.works {
			if err := os.WriteFile(filepath.Join(config.Data, "recordings"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		h, stop := openAt(t, config)
		broadcaster := h.publish(t, 7*time.Second)
		h.until(t, "/api/v1/streams/demo", func(body string) bool {
			return strings.Contains(body, `"state":"live"`) && strings.Contains(body, c.want)
		})
		broadcaster.Close()
		stop()
	}
}

func TestNothingRecorded(t *testing.T) {
	h := open(t)
	for _, path := range []string{
		"/api/v1/streams/demo/recordings", "/live/demo/recordings/20260501T200000Z/index.m3u8", "/live/demo/recordings/20260501T200000Z/v0/index.m3u8",
		"/live/demo/recordings/x/index.m3u8", "/live/demo/v0/1/s1.m4s",
	} {
		if rw := h.get(t, path); rw.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rw.Code)
		}
	}
}
