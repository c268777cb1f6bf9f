//go:build unix

package transcode

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const second = testclip.GOP * testclip.Interval // a segment is a group of pictures

// show is a broadcast of the test clip beside a ladder.
type show struct {
	t       *testing.T
	all     *stream.Streams
	ladder  *Ladder
	session *stream.Session
	pids    string // file
	units   [][][]byte
	sent    int // pictures
}

// broadcast begins one. The program is a shell script in which $ffmpeg stands for ffmpeg with its arguments.
func broadcast(t *testing.T, script string, limits limits, rungs ...Rung) *show {
	t.Helper()
	dir := t.TempDir()
	s := &show{t: t, units: testclip.Units(), pids: filepath.Join(dir, "pids")}
	program := filepath.Join(dir, "program")
	text := "#!/bin/sh\necho $$ >>" + s.pids + "\n" + strings.ReplaceAll(script, "$ffmpeg", `ffmpeg "$@"`) + "\n"
	if err := os.WriteFile(program, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	registry := prometheus.NewRegistry()
	var err error
	if s.ladder, err = New(Config{Rungs: rungs, Program: program, Registry: registry, Log: quiet}); err != nil {
		t.Fatal(err)
	}
	s.ladder.limits = limits
	counters, err := stream.NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	all := stream.New(stream.Config{
		Dir: dir, PartDuration: 333 * time.Millisecond, SegmentDuration: second, Grace: time.Minute, WindowSegments: 20, Live: s.ladder.Live,
	}, counters, quiet)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { all.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		for _, pid := range s.children() {
			if syscall.Kill(pid, 0) == nil {
				t.Errorf("process %d is left", pid)
			}
		}
	})
	s.all = all
	s.publish()
	return s
}

// publish has the broadcaster come, and sends the first group of pictures, with which nothing is done but to notice it.
func (s *show) publish() {
	s.t.Helper()
	s.begin()
	s.send(1)
	s.until("the ladder to wait for a key frame", func() bool { return strings.HasPrefix(s.state(), "passthrough: waiting") })
}

func (s *show) begin() {
	s.t.Helper()
	track, err := media.NewH264(testclip.Parameters())
	if err == nil {
		s.session, err = s.all.Publish("show", "rtmp")
	}
	if err == nil {
		err = s.session.SetTracks([]media.Track{track})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// send broadcasts groups of pictures as fast as they are taken.
func (s *show) send(groups int) {
	s.t.Helper()
	for range groups * testclip.GOP {
		s.picture()
	}
}

func (s *show) picture() {
	s.t.Helper()
	at := time.Duration(s.sent) * testclip.Interval
	u := media.ParseH264(s.units[s.sent%testclip.GOP])
	if err := s.session.Write(media.Frame{Video: true, DTS: at, PTS: at, Key: u.Key, Bytes: u.Bytes}); err != nil {
		s.t.Fatal(err)
	}
	s.sent++
}

func (s *show) until(what string, is func() bool) {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(20 * time.Second); !is(); {
		select {
		case <-tick.C:
		case <-limit:
			s.t.Fatalf("waited for %s; it is %q", what, s.state())
		}
	}
}

func (s *show) state() string {
	state := s.ladder.State("show")
	return state.State + ": " + state.Why
}

// children returns the processes that were started so far.
func (s *show) children() (pids []int) {
	text, _ := os.ReadFile(s.pids)
	for word := range strings.FieldsSeq(string(text)) {
		pid, _ := strconv.Atoi(word)
		pids = append(pids, pid)
	}
	return pids
}

// reached waits until all renditions have media of a segment.
func (s *show) reached(msn uint64, renditions ...int) {
	s.t.Helper()
	for _, index := range renditions {
		s.until(fmt.Sprintf("segment %d of rendition %d", msn, index), func() bool {
			w := s.session.Stream().Window(index)
			if w == nil {
				return false
			}
			v, _ := w.View()
			n := v.Newest()
			return n != nil && n.MSN >= msn && !n.Gap
		})
	}
}

// keys returns the times of the pictures that segments begin with, in ticks; of those that are whole.
func (s *show) keys(index int) map[uint64]string {
	s.t.Helper()
	keys := map[uint64]string{}
	v, _ := s.session.Stream().Window(index).View()
	for _, g := range v.Segments {
		if g.Gap || len(g.Parts) == 0 || g.Parts[0].Gap {
			continue
		}
		var parts fmp4.Parts
		if err := parts.Unmarshal(g.Parts[0].Bytes); err != nil {
			s.t.Fatal(err)
		}
		first := parts[0].Tracks[0]
		keys[g.MSN] = fmt.Sprint(int64(first.BaseTime)+int64(first.Samples[0].PTSOffset), !first.Samples[0].IsNonSyncSample)
	}
	return keys
}

func (s *show) count(reason string) float64 {
	return testutil.ToFloat64(s.ladder.metrics.restarts.WithLabelValues("show", reason))
}

// Clause: ladder, hls-variants
func TestLadder(t *testing.T) {
	s := broadcast(t, "exec $ffmpeg", usual(), 96, 64, 48)
	for msn := uint64(1); msn <= 3; msn++ {
		s.send(1)
		s.reached(msn, 9, 10)
	}
	if s.session.Stream().Window(8) != nil {
		t.Error("there is a rendition that is larger than the source")
	}
	if got, want := s.state(), "transcoding: 64p, 48p of H264 160x90"; got != want {
		t.Errorf("%q, want %q", got, want)
	}

	killed := s.children()[0]
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.until("the death to be seen", func() bool { return s.count(reasonDied) == 1 })
	for msn := uint64(4); msn <= 5; msn++ {
		s.send(1)
		s.reached(msn, 9, 10)
	}
	s.session.End()
	s.until("the end", func() bool { return s.state() == "passthrough: it is not live" })

	source := s.keys(0)
	if len(source) != 6 {
		t.Errorf("the source has %d segments", len(source))
	}
	for index := 9; index <= 10; index++ {
		made := s.keys(index)
		for msn, key := range made {
			if source[msn] != key {
				t.Errorf("segment %d of rendition %d begins with %s, the source's with %s", msn, index, key, source[msn])
			}
		}
		for _, msn := range []uint64{1, 2, 4, 5} {
			if made[msn] == "" {
				t.Errorf("rendition %d lacks segment %d", index, msn)
			}
		}
	}
	for _, v := range s.session.Stream().Variants() {
		if v.Index > 0 && (v.Height != []int{64, 48}[v.Index-9] || !strings.HasPrefix(v.Codecs, "avc1.64")) {
			t.Errorf("%+v", v)
		}
	}

	s.publish() // the broadcaster comes back, with segment 6
	s.send(1)
	s.reached(7, 9, 10)
	if n := len(s.children()); n != 3 {
		t.Errorf("%d children", n)
	}
}

// Clause: ladder
func TestChildThatHangsIsReplaced(t *testing.T) {
	short := usual()
	short.start = 100 * time.Millisecond
	for name, script := range map[string]string{
		"reads nothing":           "exec sleep 600",
		"reads and says nothing":  "exec cat >/dev/null",
		"has one of its own":      "sleep 600",
		"writes what is no video": "head -c 100 /dev/zero >&3; exec sleep 600",
	} {
		t.Run(name, func(t *testing.T) {
			s := broadcast(t, script, short, 48)
			for n := 1; n <= 2; n++ {
				s.send(20) // more than a pipe and the queue hold
				s.until("the child to be killed", func() bool { return s.count(reasonHung)+s.count(reasonDied) >= float64(n) })
			}
			v, _ := s.session.Stream().Window(0).View()
			if v.Next != 40 { // the last is open
				t.Errorf("the source is at segment %d", v.Next)
			}
		})
	}
}

// TestPassthroughIsCounted: a live stream that nothing is made of has a series too, which says 0 until it ends, and the API says why.
//
// Clause: ladder
func TestPassthroughIsCounted(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		why    string
	}{
		"no ladder":       {Config{}, "no ladder is set"},
		"no ffmpeg":       {Config{Rungs: []Rung{48}, Program: "no-such-ffmpeg"}, "ffmpeg is not installed"},
		"no smaller rung": {Config{Rungs: []Rung{720}, Program: "true"}, "the source, 160x90, is not larger than 720p"},
	} {
		t.Run(name, func(t *testing.T) {
			quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
			c.config.Log = quiet
			s := &show{t: t, units: testclip.Units()}
			var err error
			if s.ladder, err = New(c.config); err != nil {
				t.Fatal(err)
			}
			counters, err := stream.NewMetrics(nil)
			if err != nil {
				t.Fatal(err)
			}
			s.all = stream.New(stream.Config{
				Dir: t.TempDir(), PartDuration: 333 * time.Millisecond, SegmentDuration: second, Grace: time.Minute, WindowSegments: 20, Live: s.ladder.Live,
			}, counters, quiet)
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { s.all.Run(ctx) })
			defer running.Wait()
			defer cancel()
			s.begin()
			s.send(3)
			gauge := s.ladder.metrics.renditions
			s.until("the reason, and a series", func() bool {
				s.send(1) // until the ladder is there for a key frame
				return strings.HasPrefix(s.state(), "passthrough: "+c.why) && testutil.CollectAndCount(gauge) == 1
			})
			if v := testutil.ToFloat64(gauge.WithLabelValues("show")); v != 0 {
				t.Errorf("%v renditions", v)
			}
			s.session.End()
			s.until("the series to go", func() bool { return testutil.CollectAndCount(gauge) == 0 })
		})
	}
}

// TestQueueBytes: of large frames fewer wait for a child that takes none.
//
// Clause: hostile
func TestQueueBytes(t *testing.T) {
	c := &child{queue: make(chan media.Frame, maxQueue), waits: media.NewBacklog(maxBytes), progress: newProgress(usual(), 1, time.Now())}
	f := media.Frame{Video: true, Key: true, Bytes: make([]byte, 1<<20)}
	taken := 0
	for range maxQueue {
		if c.push(f) {
			taken++
		}
	}
	if taken != maxBytes>>20 || len(c.queue) != taken {
		t.Errorf("%d MiB wait", len(c.queue))
	}
	<-c.queue
	if f.Key = false; c.push(f) {
		t.Error("after a loss it goes on without a key frame")
	}
	if f.Key = true; !c.push(f) {
		t.Error("a key frame has no room")
	}
}

func TestChildThatDiesSaysWhy(t *testing.T) {
	s := broadcast(t, "echo 'Unknown encoder libx264' >&2; exit 1", usual(), 48)
	s.send(1)
	s.until("the death to be seen", func() bool { return s.count(reasonDied) == 1 })
	if !strings.Contains(s.state(), "exit status 1") {
		t.Error(s.state())
	}
}

// Clause: ladder
func TestSlowMachineGetsALowerLadder(t *testing.T) {
	s := broadcast(t, "exec ffmpeg -readrate 0.2 \"$@\"", limits{
		start: 10 * time.Second, hang: 10 * time.Second, lag: 100 * time.Millisecond, lagFor: 100 * time.Millisecond, settle: 0, trial: time.Hour,
	}, 64, 48)
	goesOn := func(what, state string) { // while the broadcast does
		t.Helper()
		s.until(what, func() bool {
			s.picture()
			return strings.Contains(s.state(), state)
		})
	}
	goesOn("the highest rung to be left out", "without 64p")
	goesOn("the ladder to go on", "transcoding: 48p of H264 160x90; the machine is too slow for 64p")
	goesOn("all to be given up", "passthrough: the machine is too slow for 64p, 48p")
	s.send(2)
	if n := len(s.children()); n != 2 || s.count(reasonSlow) != 2 {
		t.Errorf("%d children", n)
	}
}

// Clause: ladder
func TestRungIsTriedAgain(t *testing.T) {
	s := broadcast(t, `if [ $(wc -l <"$(dirname "$0")/pids") = 1 ]; then exec ffmpeg -readrate 0.1 "$@"; fi; exec $ffmpeg`, limits{
		start: 10 * time.Second, hang: 10 * time.Second, lag: 2 * time.Second, lagFor: 100 * time.Millisecond, settle: 0, trial: time.Second,
	}, 64, 48)
	for _, state := range []string{"without 64p", "the machine is too slow for 64p", "transcoding: 64p, 48p of H264 160x90"} {
		s.until(state, func() bool {
			s.picture()
			return strings.Contains(s.state(), state)
		})
	}
	s.until("the third child", func() bool { s.picture(); return len(s.children()) == 3 })
	if s.count(reasonTrial) != 1 || s.count(reasonSlow) != 1 {
		t.Errorf("%v trials", s.count(reasonTrial))
	}
}

// TestVideoComesBack: where there was sound alone for a while the ladder goes on with the same pictures.
//
// Clause: ladder
func TestVideoComesBack(t *testing.T) {
	s := broadcast(t, "exec $ffmpeg", usual(), 48)
	video, err := media.NewH264(testclip.Parameters())
	if err != nil {
		t.Fatal(err)
	}
	audio, err := media.NewAAC(testclip.AACConfig())
	if err != nil {
		t.Fatal(err)
	}
	s.send(1)
	s.until("the ladder", func() bool { return strings.HasPrefix(s.state(), "transcoding: 48p") })
	if err := s.session.SetTracks([]media.Track{audio}); err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		at := time.Duration(s.sent)*testclip.Interval + time.Duration(n)*20*time.Millisecond
		if err := s.session.Write(media.Frame{DTS: at, PTS: at, Key: true, Bytes: testclip.AAC}); err != nil {
			t.Fatal(err)
		}
	}
	s.until("the ladder to end", func() bool { return s.state() == "passthrough: there is no video" })
	if err := s.session.SetTracks([]media.Track{video}); err != nil {
		t.Fatal(err)
	}
	s.sent += testclip.GOP * 2
	s.send(2)
	s.until("the ladder again", func() bool { s.picture(); return strings.HasPrefix(s.state(), "transcoding: 48p") })
}

func TestNoProgram(t *testing.T) {
	var said strings.Builder
	l, err := New(Config{Rungs: []Rung{360}, Program: "no-such-ffmpeg", Log: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if got := l.State("any"); got.State != Passthrough || !strings.Contains(got.Why, "not installed") {
		t.Error(got)
	}
	if n := strings.Count(said.String(), "there is no ffmpeg"); n != 1 {
		t.Errorf("said %d times: %s", n, said.String())
	}
}

func TestBackoff(t *testing.T) {
	s := broadcast(t, "exit 1", usual(), 48)
	w := &work{ladder: s.ladder, name: "other", log: s.ladder.config.Log}
	for _, want := range []time.Duration{0, 1, 2, 4, 8, 16, 30, 30} {
		before := time.Now()
		w.again(reasonDied, "")
		if got := w.next.Sub(before).Round(time.Second); got != want*time.Second {
			t.Errorf("%v, want %d s", got, want)
		}
	}
}

func ExampleLadder_State() {
	l, err := New(Config{})
	if err != nil {
		panic(err)
	}
	fmt.Println(l.State("show"))
	// Output: {passthrough no ladder is set (-ladder)}
}
