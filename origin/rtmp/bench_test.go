//go:build unix

package rtmp

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"

	"github.com/shoal-live/shoal/origin/testclip"
)

// The benchmark's broadcasters: so many at once, each so many times as fast as life, of two megabits a second.
const (
	crowd  = 10
	hurry  = 4
	perSec = 2_000_000 / 8
	sender = "SHOAL_BENCHMARK_BROADCAST" // in the environment of the process that broadcasts: address and seconds
)

// BenchmarkIngest says what a second of a 720p stream costs the origin from the socket to signed parts in the window:
// processor time of this process, system calls included. The broadcasters are another process.
func BenchmarkIngest(b *testing.B) {
	h := open(b)
	for i := range crowd {
		h.keys.Store(fmt.Sprint("secret", i), fmt.Sprint("demo", i))
	}
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestSender$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", sender, h.addr, max(4, b.N/crowd)))
	cmd.Stderr = os.Stderr
	seconds := float64(crowd * max(4, b.N/crowd))
	before := processor(b)
	if err := cmd.Run(); err != nil {
		b.Fatal(err)
	}
	spent := processor(b) - before
	for i := range crowd {
		if h.streams.Get(fmt.Sprint("demo", i)).Describe().LastMSN == 0 {
			b.Fatal("a stream has no segments")
		}
	}
	b.ReportMetric(float64(spent.Nanoseconds())/seconds, "cpu-ns/stream-second")
	b.ReportMetric(0, "ns/op")
}

func processor(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestSender is the broadcasting process of BenchmarkIngest; without it, nothing.
func TestSender(t *testing.T) {
	addr, count, ok := strings.Cut(os.Getenv(sender), " ")
	if !ok {
		return
	}
	seconds, err := strconv.Atoi(count)
	if err != nil {
		t.Fatal(err)
	}
	sps, pps := testclip.Parameters()
	video := &gortmplib.Track{Codec: &codecs.H264{SPS: sps, PPS: pps}}
	audio := &gortmplib.Track{Codec: &codecs.MPEG4Audio{Config: testclip.AACConfig()}}
	var writers []*gortmplib.Writer
	for i := range crowd {
		u := &url.URL{Scheme: "rtmp", Host: addr, Path: fmt.Sprint("/live/secret", i)}
		c := &gortmplib.Client{URL: u, Publish: true}
		if err := c.Initialize(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.NetConn().(*net.TCPConn).SetNoDelay(true)
		w := &gortmplib.Writer{Conn: c, Tracks: []*gortmplib.Track{video, audio}}
		if err := w.Initialize(); err != nil {
			t.Fatal(err)
		}
		writers = append(writers, w)
	}
	sound := make([]byte, 16_000/47)
	copy(sound, testclip.AAC)
	units := testclip.Units()
	began := time.Now()
	heard := make([]time.Duration, crowd)
	step := testclip.Interval / crowd / hurry
	for n := 0; n < 30*seconds*crowd; n++ {
		time.Sleep(time.Until(began.Add(time.Duration(n) * step)))
		i, frame := n%crowd, n/crowd
		w, at := writers[i], time.Duration(frame)*testclip.Interval
		picture := make([]byte, (perSec-16_000)/30)
		unit := units[frame%len(units)]
		copy(picture, unit[len(unit)-1][:20])
		unit = append(unit[:len(unit)-1:len(unit)-1], picture)
		if err := w.WriteH264(video, at, at, unit); err != nil {
			t.Fatal(err)
		}
		for ; heard[i] <= at; heard[i] += 1024 * time.Second / 48000 {
			if err := w.WriteMPEG4Audio(audio, heard[i], sound); err != nil {
				t.Fatal(err)
			}
		}
	}
}
