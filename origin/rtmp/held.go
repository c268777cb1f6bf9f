package rtmp

import "github.com/shoal-live/shoal/origin/media"

const (
	maxHeld  = 1000     // frames
	maxBytes = 16 << 20 // of them
)

// held is frames that wait until it is known which tracks there are. Whoever adds one looks whether it is full.
type held struct {
	frames []media.Frame
	bytes  int
}

func (h *held) add(f media.Frame) {
	h.frames = append(h.frames, f)
	h.bytes += len(f.Bytes)
}

// full tells that no more is waited for: time alone bounds nothing, since it is the broadcaster's.
func (h *held) full() bool { return len(h.frames) >= maxHeld || h.bytes >= maxBytes }

// take returns the frames, and holds none from then on.
func (h *held) take() []media.Frame {
	frames := h.frames
	*h = held{}
	return frames
}
