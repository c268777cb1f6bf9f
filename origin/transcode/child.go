package transcode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/stream"
)

const (
	maxQueue = 600             // frames that wait for a child: ten seconds at 60 a second ...
	maxBytes = 32 << 20        // ... and their bytes: ten seconds of 25 Mbit/s
	parting  = time.Second     // that a child has to finish what it was given
	maxSaid  = 2 << 10         // bytes of its last words
	linger   = 5 * time.Second // that others may hold its standard error open when it is gone
)

// child is one ffmpeg, which makes the rungs of one stream from one key frame of the source on. Its methods belong to one goroutine.
type child struct {
	// static
	cmd    *exec.Cmd
	source media.Track
	rungs  []Rung
	follow func(rung int) (*stream.Follower, error)
	done   chan struct{} // closed when it is gone, and all that it made was given on
	said   *lastWords    // on its standard error; to be read when done is closed

	// owned by the caller
	began  time.Time
	queue  chan media.Frame
	waits  media.Backlog // of it
	writer sync.WaitGroup
	lost   bool // the queue was full, and no key frame came since

	mu       sync.Mutex
	progress *progress
	broken   error // that its output cannot be read
}

// start begins a child for a source of so many bits a second, 0 if that is not known. follow is called when a rung's first picture is near.
func start(program string, source media.Track, bits float64, rungs []Rung, limits limits, follow func(rung int) (*stream.Follower, error)) (*child, error) {
	now := time.Now()
	c := &child{
		source: source, rungs: rungs, follow: follow, done: make(chan struct{}), said: &lastWords{},
		began: now, queue: make(chan media.Frame, maxQueue), waits: media.NewBacklog(maxBytes), progress: newProgress(limits, len(rungs), now),
	}
	c.cmd = nicely(program, arguments(source, bits, rungs))
	c.cmd.Stderr, c.cmd.WaitDelay = c.said, linger
	apart(c.cmd)
	var outputs, inputs []*os.File
	shut := func(files []*os.File) {
		for _, f := range files {
			_ = f.Close()
		}
	}
	for range rungs {
		r, w, err := os.Pipe()
		if err != nil {
			shut(append(outputs, inputs...))
			return nil, fmt.Errorf("transcode: %w", err)
		}
		outputs, inputs = append(outputs, r), append(inputs, w)
	}
	c.cmd.ExtraFiles = inputs
	in, err := c.cmd.StdinPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	shut(inputs)
	if err != nil {
		shut(outputs)
		return nil, fmt.Errorf("transcode: start ffmpeg: %w", err)
	}
	c.writer.Go(func() { c.write(in) })
	go c.run(outputs)
	return c, nil
}

// run reads all that the child makes, and waits for its end.
func (c *child) run(outputs []*os.File) {
	var all sync.WaitGroup
	for i, r := range outputs {
		all.Go(func() {
			defer r.Close()
			if err := c.read(i, r); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				c.mu.Lock()
				c.broken = err
				c.mu.Unlock()
				kill(c.cmd)
			}
		})
	}
	all.Wait()
	if err := c.cmd.Wait(); err != nil {
		c.mu.Lock()
		c.broken = errors.Join(c.broken, err)
		c.mu.Unlock()
	}
	close(c.done)
}

// read gives a rung's pictures on.
func (c *child) read(rung int, r io.Reader) error {
	var to *stream.Follower
	made, err := newFLV(r)
	for err == nil {
		var p picture
		if p, err = made.next(); err != nil {
			break
		}
		if p.track != nil {
			if to == nil {
				if to, err = c.follow(rung); err != nil {
					return errors.Join(err, drain(r))
				}
				defer to.Close()
			}
			if p.track.Rate == 0 {
				p.track.Rate = c.source.Rate
			}
			err = to.SetVideo(*p.track)
			continue
		}
		c.mu.Lock()
		at, known := c.progress.out(rung, p.millis, time.Now())
		c.mu.Unlock()
		if known && to != nil {
			err = to.Write(media.Frame{Video: true, DTS: at, PTS: at, Key: p.key, Bytes: p.bytes})
		}
	}
	if errors.Is(err, stream.ErrReplaced) { // the broadcaster is gone, and so will this child be
		return drain(r)
	}
	return err
}

func drain(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return errors.Join(err, io.EOF)
}

// push gives a frame to the child, never waiting for it, and tells whether it is taken. After one that is not the next is a key frame.
func (c *child) push(f media.Frame) bool {
	waiting := len(c.queue) // nobody else fills it
	c.lost = c.lost && !f.Key || waiting == cap(c.queue) || !c.waits.Takes(waiting, len(f.Bytes))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost {
		c.progress.more(time.Now())
		return false
	}
	c.progress.in(f.PTS, time.Now())
	c.queue <- f
	return true
}

func (c *child) write(in io.WriteCloser) {
	defer func() {
		_ = in.Close()
		for range c.queue { // until the owner sees that the child is gone
		}
	}()
	fragments := fragments{track: c.source}
	b, err := fragments.head()
	for err == nil {
		if _, err = in.Write(b); err != nil {
			return
		}
		f, more := <-c.queue
		if !more {
			return
		}
		b, err = fragments.marshal(f)
	}
}

// judge tells how the child does: what is to be done, and how far it is behind.
func (c *child) judge(now time.Time) (verdict, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.progress.judge(now), c.progress.lag(now)
}

// end lets the child finish what it was given, or kills it. When it returns nothing is left of the child, and what it made was given on.
func (c *child) end(wait time.Duration) {
	close(c.queue)
	limit, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	select {
	case <-c.done:
	case <-limit.Done():
		select {
		case <-c.done: // both were: there is nothing to kill
		default:
			kill(c.cmd)
			<-c.done
		}
	}
	c.writer.Wait()
}

// why tells, after the end, what the child died of.
func (c *child) why() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken == nil {
		return "it ended by itself"
	}
	return c.broken.Error()
}

// nicely is a command that leaves the processors to ingest and delivery where they are short; where there is no nice(1), as it is.
func nicely(program string, args []string) *exec.Cmd {
	if nice, err := exec.LookPath("nice"); err == nil {
		return exec.Command(nice, append([]string{"-n", "5", program}, args...)...)
	}
	return exec.Command(program, args...)
}

// arguments are the command line: what comes in keeps its times, and goes out without B-frames, with the source's key frames.
func arguments(source media.Track, bits float64, rungs []Rung) []string {
	threads := strconv.Itoa(max(1, min(4, runtime.NumCPU()/2)))
	args := strings.Fields("-nostdin -hide_banner -v warning -copyts")
	// Nothing is read ahead to guess at what the head says. One thread, for each more would hold a frame back.
	args = append(args, strings.Fields("-probesize 32 -analyzeduration 0 -fpsprobesize 0 -threads 1 -f mp4 -i pipe:0")...)
	for i, r := range rungs {
		rate := r.kilobits(source, bits)
		args = append(args, "-map", "0:v:0", "-vf", r.scale(source), "-threads", threads,
			"-maxrate", fmt.Sprint(rate, "k"), "-bufsize", fmt.Sprint(rate/2, "k")) // half a second: no key frame is long on its way
		args = append(args, strings.Fields("-fps_mode passthrough -enc_time_base 1:90000 "+
			"-c:v libx264 -preset veryfast -tune zerolatency -crf 23 -pix_fmt yuv420p -bf 0 "+
			"-force_key_frames source -forced-idr 1 -g 100000 -sc_threshold 0 "+
			"-avoid_negative_ts disabled -flush_packets 1 -flvflags no_duration_filesize -f flv")...)
		args = append(args, "pipe:"+strconv.Itoa(3+i))
	}
	return args
}

// lastWords keeps the end of what is written to it.
type lastWords struct{ b []byte }

func (l *lastWords) Write(b []byte) (int, error) {
	l.b = append(l.b, b...)
	if over := len(l.b) - maxSaid; over > 0 {
		l.b = append(l.b[:0], l.b[over:]...)
	}
	return len(b), nil
}

// String returns the last few lines in one.
func (l *lastWords) String() string {
	lines := strings.Split(strings.TrimSpace(string(l.b)), "\n")
	return strings.ToValidUTF8(strings.Join(lines[max(0, len(lines)-4):], "; "), "")
}
