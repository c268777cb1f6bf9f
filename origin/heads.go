package origin

import (
	"context"
	"strings"
	"time"

	"github.com/shoal-live/shoal/headcount"
	"github.com/shoal-live/shoal/origin/audience"
	"github.com/shoal-live/shoal/origin/stream"
)

// Heed notes what an edge says, with what it asks for, of how many watch that through it: see package headcount.
func (o *Origin) Heed(target, said string, now time.Time) {
	path, _, _ := strings.Cut(target, "?")
	name, rendition, found := strings.Cut(strings.TrimPrefix(path, "/live/"), "/")
	rendition, ok := strings.CutSuffix(rendition, "/index.m3u8")
	index, is := indexOf(rendition)
	st := o.streams.Get(name)
	if !found || !ok || !is || st == nil || st.Window(index) == nil {
		return
	}
	if edge, viewers, ok := headcount.Parse(said); ok {
		o.heads.Note(name, edge+" "+rendition, viewers, now)
	}
}

// known returns who watches by the trackers, nil while that is not known.
func (o *Origin) known(ctx context.Context) map[string]audience.Figures {
	if o.config.Audience == nil {
		return nil
	}
	return o.config.Audience(ctx)
}

// watching tells how many watch a stream, and how many of them are in its swarm, nil where it is not known: who gets all from edges is not among the others. Whom
// the control keeps outside of the swarm the edges see too, unless a cache is before them. Who came into the swarm a moment ago edges may count yet, and
// that one is not counted twice: sooner one too few than one too many.
func (o *Origin) watching(st *stream.Stream, known map[string]audience.Figures, atEdges int) (all, inside *int) {
	if known == nil && o.config.Audience != nil {
		return nil, nil
	}
	f := known[st.Name]
	members := f.Viewers - f.Outside
	sum := members + max(f.Outside, atEdges-f.Newcomers)
	if known == nil {
		return &sum, nil
	}
	return &sum, &members
}
