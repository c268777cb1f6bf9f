package whep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"

	"github.com/shoal-live/shoal/origin/media"
)

const (
	packetLength = 20 * time.Millisecond
	opusWaiting  = 128                    // frames of AAC that ffmpeg has not taken: less than three seconds ...
	opusBytes    = 1 << 20                // ... and their bytes
	maxStray     = 50 * time.Millisecond  // that stamps of AAC may be off what its frames add up to
	opusAgain    = 5 * time.Second        // after ffmpeg has failed
	goodbye      = 500 * time.Millisecond // for ffmpeg to end by itself
)

// canEncode tells whether a track is AAC that ADTS can carry.
func canEncode(t media.Track) bool {
	c, ok := t.Codec.(*codecs.MPEG4Audio)
	if !ok || c.Config.Type < 1 || c.Config.Type > 4 || t.SampleLength == 0 {
		return false
	}
	_, err := adts(c.Config, []byte{0})
	return err == nil
}

func adts(c mpeg4audio.AudioSpecificConfig, frame []byte) ([]byte, error) {
	return mpeg4audio.ADTSPackets{{Type: c.Type, SampleRate: c.SampleRate, ChannelConfig: c.ChannelConfig, AU: frame}}.Marshal()
}

// anchor says that what was put in after so much is of that time.
type anchor struct{ put, at time.Duration }

// opus is an ffmpeg that makes Opus of a stream's AAC.
type opus struct {
	// static
	track  media.Track
	config mpeg4audio.AudioSpecificConfig
	in     chan media.Frame
	cancel context.CancelFunc // ends ffmpeg

	waits media.Backlog // of in; guarded by the feed's mu

	mu      sync.Mutex
	put     time.Duration // of sound, into ffmpeg
	anchors []anchor      // what is still in it, and the one before
}

// startOpus starts ffmpeg for a track that canEncode. Each packet that it makes is given to emit, from one goroutine; ended is called when all is over, after cancel or
// of itself.
func startOpus(path string, t media.Track, emit func(media.Frame), ended func(error)) (*opus, error) {
	config := t.Codec.(*codecs.MPEG4Audio).Config
	ctx, cancel := context.WithCancel(context.Background())
	o := &opus{track: t, config: config, in: make(chan media.Frame, opusWaiting), waits: media.NewBacklog(opusBytes), cancel: cancel}
	command := exec.CommandContext(ctx, path, "-hide_banner", "-nostdin", "-loglevel", "error",
		"-fflags", "+nobuffer", "-probesize", "32", "-analyzeduration", "0", "-f", "aac", "-i", "pipe:0",
		"-c:a", "libopus", "-b:a", "96k", "-ar", "48000", "-ac", "2", "-frame_duration", "20", "-application", "lowdelay",
		"-page_duration", "20000", "-flush_packets", "1", "-f", "ogg", "pipe:1")
	command.WaitDelay = goodbye
	said := &tail{}
	command.Stderr = said
	stdin, err := command.StdinPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	if err := command.Start(); err != nil {
		cancel()
		return nil, err
	}
	go func() {
		defer cancel()
		var writing sync.WaitGroup
		writing.Go(func() { o.write(ctx, stdin) })
		err := o.read(stdout, emit)
		cancel()
		writing.Wait()
		if waited := command.Wait(); said.String() != "" {
			err = fmt.Errorf("%w: ffmpeg says %q", errors.Join(err, waited), said)
		}
		ended(err)
	}()
	return o, nil
}

// give hands over a frame of AAC, unless ffmpeg is stuck. It never waits.
func (o *opus) give(f media.Frame) bool {
	if len(o.in) == cap(o.in) || !o.waits.Takes(len(o.in), len(f.Bytes)) { // nobody else fills it
		return false
	}
	o.in <- f
	return true
}

func (o *opus) write(ctx context.Context, to io.WriteCloser) {
	defer to.Close()
	for {
		select {
		case f := <-o.in:
			b, err := adts(o.config, f.Bytes)
			if err != nil {
				return
			}
			o.note(f.PTS)
			if _, err := to.Write(b); err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// note says that a frame of that time is put in now.
func (o *opus) note(at time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := len(o.anchors); n == 0 || (at-o.anchors[n-1].at-o.put+o.anchors[n-1].put).Abs() > maxStray {
		o.anchors = append(o.anchors, anchor{o.put, at})
	}
	o.put += o.track.SampleLength
}

// time returns the time of what was put in after so much.
func (o *opus) time(put time.Duration) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.anchors) > 1 && o.anchors[1].put <= put {
		o.anchors = o.anchors[1:]
	}
	return o.anchors[0].at + put - o.anchors[0].put
}

// read takes packets from ffmpeg's Ogg until it ends.
func (o *opus) read(from io.Reader, emit func(media.Frame)) error {
	ogg, header, err := oggreader.NewWith(from)
	if err != nil {
		return err
	}
	out := -time.Duration(header.PreSkip) * time.Second / soundRate // what the encoder looks ahead
	for {
		packet, page, err := ogg.ParseNextPage()
		if err != nil {
			return err
		}
		if _, head := page.HeaderType(packet); head || len(packet) == 0 {
			continue
		}
		at := o.time(out)
		emit(media.Frame{DTS: at, PTS: at, Length: packetLength, Key: true, Bytes: packet})
		out += packetLength
	}
}

// tail is the end of what a program said.
type tail struct{ b []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	t.b = t.b[max(0, len(t.b)-500):]
	return len(b), nil
}

func (t *tail) String() string { return string(t.b) }
