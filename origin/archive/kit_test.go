package archive

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/segmenter"
	"github.com/shoal-live/shoal/origin/testclip"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		victim(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

const (
	part  = 334 * time.Millisecond
	epoch = 77
)

// far is where the timeline begins in tests: an origin that started again is days into it.
const far = 500_000*time.Second + 123*time.Millisecond

// broadcast fills a window as a stream does.
type broadcast struct {
	window  *hls.Window
	cut     *segmenter.Segmenter
	init    *hls.Init
	tracks  []media.Track
	segment hls.Segment
	open    bool
	broken  bool
	frame   int
	base    time.Duration
	from    int // frame at which base was
	sent    time.Duration
	units   [][][]byte        // of the clip
	pad     int               // bytes more in each frame
	bytes   map[uint64][]byte // of segments, by number
	began   time.Time
}

func newBroadcast(listed int) *broadcast {
	sps, pps := testclip.Parameters()
	video, err := media.NewH264(sps, pps)
	if err != nil {
		panic(err)
	}
	audio, err := media.NewAAC(testclip.AACConfig())
	if err != nil {
		panic(err)
	}
	b := &broadcast{
		tracks: []media.Track{video, audio}, units: testclip.Units(), base: far, bytes: map[uint64][]byte{}, began: time.Date(2026, 5, 1, 20, 0, 0, 250e6, time.UTC),
		window: hls.NewWindow(hls.Config{Epoch: epoch, Target: 2 * time.Second, PartTarget: part, Listed: listed, InMemory: listed, PartsFor: 3}, 12, nil),
	}
	b.segment.MSN = 12
	init, err := segmenter.Init(b.tracks)
	if err != nil {
		panic(err)
	}
	b.init = &hls.Init{Number: 3, Bytes: init}
	b.start()
	return b
}

// newWindow returns one that lists more than it has in memory.
func newWindow(listed int) *hls.Window {
	return hls.NewWindow(hls.Config{Epoch: epoch, Target: 2 * time.Second, PartTarget: part, Listed: listed, InMemory: 10, PartsFor: 3}, 12, nil)
}

func (b *broadcast) start() {
	b.cut = segmenter.New(segmenter.Config{Part: part, Segment: 2 * time.Second, Longest: 2490 * time.Millisecond}, b.tracks, b.base, 0)
	b.from = b.frame
}

// play sends frames; each group of sixty is a segment.
func (b *broadcast) play(frames int) {
	for range frames {
		u := media.ParseH264(b.units[b.frame%testclip.GOP])
		data := u.Bytes
		if b.pad > 0 {
			data = append(append([]byte(nil), data...), make([]byte, b.pad)...)
			n := len(u.Bytes)
			copy(data[n:], []byte{byte((b.pad - 4) >> 24), byte((b.pad - 4) >> 16), byte((b.pad - 4) >> 8), byte(b.pad - 4), 12}) // filler
		}
		at := time.Duration(b.frame) * time.Second / 30
		b.take(b.cut.Write(media.Frame{Video: true, DTS: at, PTS: at, Key: u.Key, Bytes: data}))
		for i := range 2 {
			at := time.Duration(2*b.frame+i) * time.Second / 60
			b.take(b.cut.Write(media.Frame{DTS: at, PTS: at, Bytes: testclip.AAC}))
		}
		b.frame++
	}
}

// leave ends a run; what is played next begins with a discontinuity, after as long as is said.
func (b *broadcast) leave(away time.Duration) {
	b.take(b.cut.Flush(), nil)
	b.base = b.cut.End()
	b.began = b.began.Add(away)
	b.frame = (b.frame + testclip.GOP - 1) / testclip.GOP * testclip.GOP
	b.broken = true
	b.start()
}

func (b *broadcast) take(parts []segmenter.Part, err error) {
	if err != nil {
		panic(err)
	}
	for _, p := range parts {
		s := &b.segment
		if !b.open {
			if s.Break = b.broken; b.broken {
				s.Discontinuity++
			}
			b.broken = false
			s.Init, s.Date = b.init, b.began.Add(b.sent)
			b.window.Open(*s)
			b.open = true
		}
		b.window.Add(hls.Part{Duration: p.Duration, Independent: p.Independent, Bytes: p.Bytes}, p.Final)
		b.sent += p.Duration
		if b.bytes != nil {
			b.bytes[s.MSN] = append(b.bytes[s.MSN], p.Bytes...)
		}
		if p.Final {
			s.MSN++
			b.open = false
		}
	}
}

func (b *broadcast) source() Source {
	return Source{Stream: "show", Epoch: epoch, Window: b.window, Describe: func() hls.Variant {
		return hls.Variant{Codecs: "avc1.42c00a,mp4a.40.2", Width: 160, Height: 90, FrameRate: 30}
	}}
}

func newArchive(t *testing.T, config Config) *Archive {
	t.Helper()
	if config.Dir == "" {
		config.Dir = t.TempDir()
	}
	a, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// record starts a recorder, and returns what stops and joins it.
func record(a *Archive, source Source) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { a.Record(ctx, source) })
	return func() {
		cancel()
		all.Wait()
	}
}

// files returns the media files of a stream's rendition, oldest first.
func files(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "show", "*", "v0", "*"+mediaSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// duration asks ffprobe how long something lasts; noise is what it complains of.
func duration(t *testing.T, what string) (d time.Duration, noise string) {
	t.Helper()
	c := exec.Command("ffprobe", "-v", "error", "-show_entries", "format=duration,start_time", "-of", "default=nw=1:nk=1", what)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		t.Fatalf("ffprobe %s: %v: %s", what, err, errs.String())
	}
	lines := strings.Fields(string(out)) // start_time, duration
	start, err1 := strconv.ParseFloat(lines[0], 64)
	long, err2 := strconv.ParseFloat(lines[1], 64)
	if err1 != nil || err2 != nil {
		t.Fatalf("ffprobe %s: %q", what, out)
	}
	if start > 0.1 {
		t.Errorf("%s begins at %v s", what, start)
	}
	return time.Duration(long * float64(time.Second)), errs.String()
}

// basesOf returns the bases of a file that begins with a part.
func basesOf(init, part []byte) ([]Base, error) {
	tracks, err := tracksOf(init)
	if err != nil {
		return nil, err
	}
	zero, err := earliest(tracks, part)
	return bases(tracks, zero), err
}

// near tells whether two durations differ by no more than a part, and a frame of sound.
func near(a, b time.Duration) bool { return (a - b).Abs() <= part+25*time.Millisecond }

// decode plays a file to its end with ffmpeg, which has to have nothing to say, and returns how many pictures there were.
func decode(t *testing.T, what string) int {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-i", what, "-map", "0:v", "-f", "framehash", "-hash", "crc32", "-").CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg %s: %v: %s", what, err, out)
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		switch {
		case strings.HasPrefix(line, "0, "):
			n++
		case !strings.HasPrefix(line, "#"):
			t.Errorf("ffmpeg %s: %s", what, line)
		}
	}
	return n
}

// get asks an archive as an origin does.
func get(a *Archive, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	routes(a).ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

func routes(a *Archive) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /live/{name}/recordings/{id}/index.m3u8", func(w http.ResponseWriter, r *http.Request) {
		a.ServePlaylist(w, r, r.PathValue("name"), r.PathValue("id"), -1)
	})
	m.HandleFunc("GET /live/{name}/recordings/{id}/{rendition}/index.m3u8", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(strings.TrimPrefix(r.PathValue("rendition"), "v"))
		a.ServePlaylist(w, r, r.PathValue("name"), r.PathValue("id"), n)
	})
	m.HandleFunc("GET /live/{name}/{rendition}/{epoch}/{file}", func(w http.ResponseWriter, r *http.Request) {
		var rendition int
		_, _ = fmt.Sscanf(r.PathValue("rendition"), "v%d", &rendition)
		e, _ := strconv.ParseUint(r.PathValue("epoch"), 10, 32)
		n, ok := hls.ParseName(r.PathValue("file"))
		if !ok || !a.ServeMedia(w, r, r.PathValue("name"), uint32(e), rendition, n) {
			hls.Fail(w, http.StatusNotFound, "not there")
		}
	})
	return m
}
