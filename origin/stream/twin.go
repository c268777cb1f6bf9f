package stream

import (
	"time"

	"github.com/shoal-live/shoal/origin/media"
)

// Twin is what another origin says of the stream, which takes the same broadcast and stands by for this one, or this one for it.
// Viewers may be moved from one to the other at any time, and numbers must not go back then. So the one that nobody asks
// stays ahead: its epoch is higher, its numbers are, and it lists nothing that the other may have listed.
type Twin struct {
	Epoch         uint32
	Next          uint64 // MSN of its open segment
	Discontinuity uint64
	Leads         bool // it is asked for playlists, or neither is and it goes first
}

const (
	askedFor = 5 * time.Second // that an origin counts as asked, after it was
	unseen   = 2               // numbers from the twin's open segment on that it may have used before we hear of it
)

// Ask notes that a viewer is served from here.
func (s *Stream) Ask() { s.asked.Store(time.Now().UnixNano()) }

// Asked tells whether viewers are served from here now.
func (s *Stream) Asked() bool { return time.Since(time.Unix(0, s.asked.Load())) < askedFor }

// Beside takes what a twin says. Who is asked keeps its numbers.
func (s *Stream) Beside(t Twin) {
	asked := s.Asked()
	s.mu.Lock()
	defer s.mu.Unlock()
	if asked || !t.Leads {
		s.twin = nil
		return
	}
	s.twin = &t
	if t.Epoch < s.state.Epoch { // else all is numbered anew at the next key frame
		for _, r := range s.renditions {
			r.window.ListFrom(t.Next + unseen)
		}
	}
}

// yield begins anew, ahead of the twin, if f is a key frame and we are not ahead.
func (s *Session) yield(f media.Frame) error {
	if !s.stream.behind() || !f.Key || !f.Video && s.video() {
		return nil
	}
	wall := s.run.wall.Add(f.DTS - s.run.origin)
	s.endRun()
	if err := s.beginRun(f); err != nil {
		return err
	}
	s.run.wall = wall
	return nil
}

func (s *Session) video() bool {
	for _, t := range s.tracks {
		if t.Video() {
			return true
		}
	}
	return false
}

// behind tells whether the twin's numbers could be seen to go back in ours. Its broadcaster may have come back to it alone: then it has
// more discontinuities than we, and not more segments.
func (s *Stream) behind() bool {
	t := s.twin
	return t != nil && (t.Epoch >= s.state.Epoch || s.source.next <= t.Next+unseen || s.state.Discontinuity <= t.Discontinuity)
}

// yield moves the numbers of what comes next ahead of the twin's. No segmenter is at work. The caller holds mu.
func (s *Stream) yield() {
	if !s.behind() {
		return
	}
	t := s.twin
	anew := t.Epoch >= s.state.Epoch
	if anew {
		s.state.Epoch = t.Epoch + 1
	}
	s.state.Discontinuity = max(s.state.Discontinuity, t.Discontinuity+1)
	s.fresh, s.lost = false, nil
	s.state.told, s.state.Before = told{}, told{} // they are not before these
	next := max(s.source.next, t.Next+unseen+2)
	for _, r := range s.renditions {
		if r.follower != nil {
			r.follower.lose()
		}
		r.next, r.open = next, false
		if anew {
			r.window.End() // wakes who follows it
			r.window, r.init = s.newWindow(next, nil), nil
		}
		r.window.ListFrom(next)
	}
	s.log.Info("numbered ahead of the origin beside this one", "epoch", s.state.Epoch, "next", next)
}
