package transcode

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/stream"
)

const (
	watchEvery  = 250 * time.Millisecond
	longest     = 30 * time.Second // from a child's death to the next one, where one after the other dies
	respectable = 30 * time.Second // that a child has to live for its death to be the first again
)

// work is what is done for one stream while its broadcaster is there: one child after the other. It belongs to the goroutine of
// Ladder.Live, but for its state.
type work struct {
	// static
	ladder  *Ladder
	session *stream.Session
	name    string
	tap     *stream.Tap
	log     *slog.Logger

	source  media.Track
	rungs   []Rung // that are made of this source
	trial   trial  // of those that are not
	child   *child
	late    bool      // it is, and that is said
	deaths  int       // one soon after the other
	next    time.Time // no child starts before
	dropped uint64    // by the tap, that are counted

	state State // guarded by ladder.mu
}

// take is told of the source's next frame, or of its tracks.
func (w *work) take(s stream.Sample) {
	if s.Tracks != nil {
		w.change(s.Tracks)
		return
	}
	if !s.Frame.Video || len(w.rungs) == 0 {
		return
	}
	if w.child == nil {
		if !s.Frame.Key || time.Now().Before(w.next) {
			return
		}
		w.start()
	}
	if w.child != nil && !w.child.push(s.Frame) {
		w.ladder.metrics.dropped.WithLabelValues(w.name).Inc()
	}
}

// change begins anew where the pictures are others than those before.
func (w *work) change(tracks []media.Track) {
	i := slices.IndexFunc(tracks, media.Track.Video)
	if i < 0 {
		w.stop(parting)
		w.source, w.rungs, w.trial = media.Track{}, nil, trial{}
		w.say(Passthrough, "there is no video")
		return
	}
	if w.source.Codec != nil && w.source.Same(tracks[i]) {
		return
	}
	w.stop(parting)
	w.source, w.trial, w.deaths, w.next = tracks[i], trial{}, 0, time.Time{}
	w.rungs = below(w.ladder.config.Rungs, w.source)
	if len(w.rungs) == 0 {
		w.say(Passthrough, fmt.Sprintf("the source, %dx%d, is not larger than %v", w.source.Width, w.source.Height, w.ladder.config.Rungs[len(w.ladder.config.Rungs)-1]))
	}
}

// firstRung is the number of the first rung's rendition. Those below are the broadcaster's own: layers of a simulcast, and further
// tracks of RTMP.
const firstRung = 8

// start begins a child, or says why none can be.
func (w *work) start() {
	rungs := w.rungs
	all := w.ladder.config.Rungs
	v, _ := w.session.Stream().Window(0).View()
	_, bits := v.Bitrates()
	c, err := start(w.ladder.config.Program, w.source, bits, rungs, w.ladder.limits, func(i int) (*stream.Follower, error) {
		return w.session.Follow(firstRung + slices.Index(all, rungs[i])) // a rung has the same number whatever the source is
	})
	if err != nil {
		w.again(reasonDied, err.Error())
		return
	}
	w.child = c
	w.ladder.metrics.children.Inc()
	w.late = false
	w.say(Transcoding, w.made())
}

// made says what is made of what.
func (w *work) made() string {
	left := ""
	if len(w.trial.out) > 0 {
		left = "; " + w.tooSlow()
	}
	return fmt.Sprintf("%s of %s %dx%d%s", join(w.rungs), w.source.Name, w.source.Width, w.source.Height, left)
}

// tooSlow says what is left out.
func (w *work) tooSlow() string { return "the machine is too slow for " + join(w.trial.out) }

// stop ends the child, if there is one.
func (w *work) stop(wait time.Duration) {
	if w.child == nil {
		return
	}
	w.child.end(wait)
	w.child = nil
	w.ladder.metrics.children.Dec()
	w.ladder.mu.Lock()
	defer w.ladder.mu.Unlock()
	if w.ladder.works[w.name] == w { // the next broadcaster may be there
		w.ladder.metrics.renditions.WithLabelValues(w.name).Set(0)
		w.ladder.metrics.lag.WithLabelValues(w.name).Set(0)
	}
}

func (w *work) died() {
	c := w.child
	w.stop(0)
	if time.Since(c.began) >= respectable {
		w.deaths = 0
	}
	w.again(reasonDied, "ffmpeg ended: "+c.why(), "said", c.said.String())
}

// watch looks after the child.
func (w *work) watch(now time.Time) {
	if d := w.tap.Dropped(); d > w.dropped {
		w.ladder.metrics.dropped.WithLabelValues(w.name).Add(float64(d - w.dropped))
		w.dropped = d
	}
	w.retry(now)
	if w.child == nil {
		return
	}
	verdict, lag := w.child.judge(now)
	w.ladder.metrics.lag.WithLabelValues(w.name).Set(lag.Seconds())
	switch c := w.child; verdict {
	case fine:
		if w.late {
			w.late = false
			w.say(Transcoding, w.made())
		}
	case late:
		if !w.late {
			w.late = true
			w.say(Transcoding, fmt.Sprintf("%s; it is more than %v behind the source", w.made(), w.ladder.limits.lag))
			w.log.Warn("the ladder is behind the source: if the machine does not catch up, its highest rung is left out", "behind", lag.Round(100*time.Millisecond))
		}
	case hung:
		w.stop(0)
		w.again(reasonHung, fmt.Sprintf("ffmpeg hung: nothing came for %v and it was killed", lag.Round(100*time.Millisecond)), "said", c.said.String())
	case slow:
		w.stop(0)
		w.lower(lag)
	}
}

// retry has a rung made again that was left out a while ago.
func (w *work) retry(now time.Time) {
	if len(w.rungs) > 0 && (w.child == nil || w.late) {
		return // what is made now does not stand
	}
	r, ok := w.trial.again(now)
	if !ok {
		return
	}
	w.stop(parting)
	w.rungs = append([]Rung{r}, w.rungs...)
	w.ladder.metrics.restarts.WithLabelValues(w.name, reasonTrial).Inc()
	w.say(Passthrough, "beginning anew with "+r.String()+", which was left out")
	w.log.Info("a rung that was left out is tried again", "rung", r.String(), "made", join(w.rungs))
}

// lower leaves the highest rung out, for a while.
func (w *work) lower(lag time.Duration) {
	w.ladder.metrics.restarts.WithLabelValues(w.name, reasonSlow).Inc()
	given := w.rungs[0]
	w.rungs = w.rungs[1:]
	w.trial.leave(given, w.ladder.limits.trial, time.Now())
	if len(w.rungs) == 0 {
		w.say(Passthrough, w.tooSlow())
	} else {
		w.say(Passthrough, "beginning anew without "+given.String()+", for which the machine is too slow")
	}
	w.log.Warn("the machine is too slow for the ladder: its highest rung is left out; use a lower -ladder or a machine with more processors",
		"tried again in", w.trial.wait, "behind", lag.Round(100*time.Millisecond), "left out", given.String(), "made", join(w.rungs))
}

// again has another child begin: the first time with the next key frame, then after one second, two, four ...
func (w *work) again(reason, why string, more ...any) {
	var wait time.Duration
	if w.deaths > 0 {
		wait = min(longest, time.Second<<(w.deaths-1))
	}
	w.deaths = min(w.deaths+1, 10)
	w.next = time.Now().Add(wait)
	w.ladder.metrics.restarts.WithLabelValues(w.name, reason).Inc()
	w.say(Passthrough, why+"; another one begins soon")
	w.log.Warn("the ladder is interrupted, the source goes on", append([]any{"why", why, "again in", wait}, more...)...)
}

func (w *work) say(state, why string) {
	l := w.ladder
	l.mu.Lock()
	defer l.mu.Unlock()
	w.state = State{state, why}
	l.works[w.name] = w
	made := 0
	if state == Transcoding {
		made = len(w.rungs)
	}
	l.metrics.renditions.WithLabelValues(w.name).Set(float64(made))
}

// leave ends all.
func (w *work) leave() {
	w.stop(parting)
	l := w.ladder
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.works[w.name] == w { // the next broadcaster may be there
		delete(l.works, w.name)
		l.metrics.renditions.DeleteLabelValues(w.name)
		l.metrics.lag.DeleteLabelValues(w.name)
	}
}
