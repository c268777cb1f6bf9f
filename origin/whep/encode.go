package whep

import (
	"time"

	"github.com/shoal-live/shoal/origin/media"
)

// encode puts a frame of AAC into ffmpeg, which runs while somebody listens.
func (f *feed) encode(frame media.Frame, now time.Time) {
	if f.opus == nil && !f.startOpus(now) {
		return
	}
	f.opus.give(frame)
}

func (f *feed) startOpus(now time.Time) bool {
	listened := false
	for q := range f.queues {
		listened = listened || q.sound
	}
	if !listened || f.ffmpeg == "" || !canEncode(*f.audio) || now.Before(f.again) {
		return false
	}
	var o *opus
	track := *f.audio
	emit := func(frame media.Frame) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.opus == o {
			f.failed = false
			f.give(unit{frame, &track}, time.Now())
		}
	}
	ended := func(err error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		defer f.encoders.Done()
		if f.opus == o {
			f.opus, f.again, f.failed = nil, time.Now().Add(opusAgain), true
			f.log.Warn("whep: the sound for viewers stopped; it is tried again soon", "error", err)
		}
	}
	f.again = now.Add(opusAgain)
	f.encoders.Add(1)
	var err error
	if o, err = startOpus(f.ffmpeg, track, emit, ended); err != nil {
		f.encoders.Done()
		f.failed = true
		f.log.Warn("whep: no sound for viewers: ffmpeg does not start", "error", err)
		return false
	}
	f.opus, f.again = o, time.Time{}
	return true
}

// stopOpus has ffmpeg end; what it still makes is not given to anybody.
func (f *feed) stopOpus() {
	if f.opus != nil {
		f.opus.cancel()
		f.opus = nil
	}
}
