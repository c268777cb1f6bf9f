package ops

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"
)

const (
	hour        = int(time.Hour / every) // points that are kept
	minute      = int(time.Minute / every)
	mostStreams = 64 // that have a history of their own
)

// ring is the moments of one stream, a minute more than are shown: rates are of the minute before. All rings of a history are at the same place,
// so that the times stand once.
type ring [hour + minute]sum

// history is the last hour: of all streams together, and of each. Its memory is bounded: 1.5 MB with 64 streams.
type history struct {
	at      [hour + minute]time.Time
	count   int  // points noted so far
	open    bool // the last of them is of now, and the next takes its place
	all     *ring
	streams map[string]*past
	left    int // streams of the last point that had no room
}

// past is the ring of one stream.
type past struct {
	ring
	last int // point at which it had viewers
}

func newHistory() history { return history{all: new(ring), streams: map[string]*past{}} }

// note adds the point of now, in place of the one before unless that was to be kept. Streams without viewers for an hour are forgotten; of those that are new the ones with most viewers come first to what room there is.
func (h *history) note(now time.Time, all sum, streams map[string]sum) {
	if !h.open {
		h.open = true
		h.count++
	}
	n := h.count - 1
	i := n % len(h.at)
	h.at[i], h.all[i] = now, all
	for name, p := range h.streams {
		one, ok := streams[name]
		if !ok {
			one = nothing()
		}
		p.ring[i] = one
		if one.viewers > 0 {
			p.last = n
		}
		if n-p.last > hour {
			delete(h.streams, name)
		}
	}
	arrived := slices.DeleteFunc(slices.Collect(maps.Keys(streams)), func(name string) bool { return h.streams[name] != nil || !(streams[name].viewers > 0) })
	slices.SortFunc(arrived, func(a, b string) int {
		return cmp.Or(cmp.Compare(streams[b].viewers, streams[a].viewers), cmp.Compare(a, b))
	})
	h.left = 0
	for _, name := range arrived {
		if len(h.streams) == mostStreams {
			h.left++
			continue
		}
		p := &past{last: n}
		for j := range p.ring {
			p.ring[j] = nothing()
		}
		p.ring[i] = streams[name]
		h.streams[name] = p
	}
}

// keep makes the point of now one of the hour's.
func (h *history) keep() { h.open = false }

// series is the last hour of one stream, the oldest first, as the page is given it.
type series struct {
	EverySeconds int      `json:"everySeconds"`
	Stream       string   `json:"stream"`  // empty: all
	Streams      []string `json:"streams"` // that have a history of their own
	Left         int      `json:"left"`    // streams that have none, since there are too many
	At           []int64  `json:"at"`      // milliseconds since 1970
	Viewers      []figure `json:"viewers"`
	Offload      []figure `json:"offload"`
	Copies       []figure `json:"copies"`
	Latency      []figure `json:"latency"`   // seconds behind live
	Stalls       []figure `json:"stalls"`    // share of their time for which viewers stood still
	FromPeers    []figure `json:"fromPeers"` // bytes a second, over the minute before
	FromEdge     []figure `json:"fromEdge"`  // likewise
	Sent         []figure `json:"sent"`      // bytes a second by edges, of all streams
}

// of returns the last hour of a stream, of all for the empty name; false if there is none. What is of now is not in it yet.
func (h *history) of(name string) (series, bool) {
	kept := h.count
	if h.open {
		kept--
	}
	return h.points(name, max(0, kept-hour), kept)
}

// now returns the newest point of a stream likewise.
func (h *history) now(name string) (series, bool) { return h.points(name, max(0, h.count-1), h.count) }

func (h *history) points(name string, from, to int) (series, bool) {
	s := series{EverySeconds: int(every.Seconds()), Stream: name, Streams: slices.Sorted(maps.Keys(h.streams)), Left: h.left}
	if s.Streams == nil {
		s.Streams = []string{}
	}
	r := h.all
	if name != "" {
		p := h.streams[name]
		if p == nil {
			return s, false
		}
		r = &p.ring
	}
	size := to - from
	s.At = make([]int64, 0, size)
	for _, list := range []*[]figure{&s.Viewers, &s.Offload, &s.Copies, &s.Latency, &s.Stalls, &s.FromPeers, &s.FromEdge, &s.Sent} {
		*list = make([]figure, 0, size)
	}
	for i := from; i < to; i++ {
		p := r[i%len(r)]
		s.At = append(s.At, h.at[i%len(r)].UnixMilli())
		s.Viewers = append(s.Viewers, p.viewers)
		s.Offload = append(s.Offload, p.offload)
		s.Copies = append(s.Copies, p.copies)
		s.Latency = append(s.Latency, p.latency)
		s.Stalls = append(s.Stalls, p.stalls)
		s.FromPeers = append(s.FromPeers, h.rate(r, i, func(p sum) figure { return p.fromPeers }))
		s.FromEdge = append(s.FromEdge, h.rate(r, i, func(p sum) figure { return p.fromEdge }))
		s.Sent = append(s.Sent, p.sent)
	}
	return s, true
}

// rate is what a count grew by each second in the minute before a point, or in what of it is known. A count that fell is another one: of
// a stream that came anew, or of all when one went.
func (h *history) rate(r *ring, i int, of func(sum) figure) figure {
	grown, over := figure(0), time.Duration(0)
	for j := i; j > max(0, i-minute, h.count-len(r)); j-- {
		before, after := of(r[(j-1)%len(r)]), of(r[j%len(r)])
		if after >= before { // both known
			grown += after - before
			over += h.at[j%len(r)].Sub(h.at[(j-1)%len(r)])
		}
	}
	return grown / figure(over.Seconds()) // 0/0 is not known
}

// lately is what came from peers in the last hour, and how long that is: since the process began, where it began later.
type lately struct {
	Bytes   figure `json:"bytes"`
	Seconds figure `json:"seconds"`
}

// lately returns what the count of all streams grew by, up to now, of which there is a point. Nothing of it is left out, as rates over the minute before leave out
// part of the last one. Where a count fell, of a stream that went or came anew, what is new in it is not told apart, and not counted.
func (h *history) lately() lately {
	from := max(0, h.count-1-hour)
	grown, last := figure(0), unknown
	for i := from; i < h.count; i++ {
		count := h.all[i%len(h.all)].fromPeers
		if count >= last { // both known
			grown += count - last
		}
		if count >= 0 {
			last = count
		}
	}
	if h.count < 2 || !(last >= 0) {
		return lately{unknown, unknown}
	}
	return lately{grown, figure(h.at[(h.count-1)%len(h.at)].Sub(h.at[from%len(h.at)]).Seconds())}
}

func (b *Board) serveHistory(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	s, ok := b.history.of(r.URL.Query().Get("stream"))
	b.mu.Unlock()
	if !ok {
		http.Error(w, "no such stream had viewers in the last hour", http.StatusNotFound)
		return
	}
	answerJSON(w, s)
}
