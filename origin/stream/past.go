package stream

import (
	"os"
	"path/filepath"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/swarm/wire"
)

// Past is what is stored of a rendition from earlier processes, for viewers to seek back in.
type Past struct {
	Segments  []*hls.Segment // complete, oldest first, each with its Place; their init segments have no records yet
	Rendition Rendition      // what it was like
}

// waits tells whether the broadcaster of a stream is still waited for in a process that begins now. The state was written with the
// stream's last part.
func (c *Config) waits(written, now time.Time) bool { return now.Sub(written) < c.Grace+c.longest() }

// resume finds the streams that wait for their broadcaster, so that they are known without being asked for by name. One that an
// earlier process heard of last longer ago has ended since.
func (s *Streams) resume() {
	dirs, err := os.ReadDir(s.config.Dir)
	if err != nil && !os.IsNotExist(err) {
		s.log.Error("streams cannot be read", "error", err)
	}
	now := time.Now()
	for _, d := range dirs {
		kept := store{dir: filepath.Join(s.config.Dir, d.Name())}
		if ValidName(d.Name()) && s.config.waits(kept.written(), now) {
			s.Get(d.Name())
		}
	}
}

// addLost adds the newest segments of the process before to the past of a rendition that has any, as far as they are not stored.
func (s *Stream) addLost(r *rendition) {
	for _, g := range s.lost {
		if n := len(r.past.Segments); n > 0 && g.MSN > r.past.Segments[n-1].MSN {
			lost := *g
			lost.Init = r.past.Segments[n-1].Init
			r.past.Segments = append(r.past.Segments, &lost)
		}
	}
}

// signPast gives the init segments of the past their records: keys are the same, so they say what they said. Those that do not say what
// is in them are taken for the newest.
func (s *Stream) signPast(r *rendition) {
	for _, g := range r.past.Segments {
		if i := g.Init; i != nil && i.Record == "" {
			if i.Codecs == "" {
				i.Codecs = r.past.Rendition.Codecs
			}
			i.Record, i.Pieces = sign(s.key, wire.Record{
				ID:            wire.ChunkID{Epoch: s.state.Epoch, Rendition: uint8(r.index), Kind: wire.Init, MSN: i.Number},
				Discontinuity: uint32(g.Discontinuity),
			}, i.Bytes)
		}
	}
}
