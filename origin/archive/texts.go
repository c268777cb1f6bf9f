package archive

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/shoal-live/shoal/origin/hls"
)

// text is the playlists of a finished recording as they are served. It is not written again.
type text struct {
	of     []*entry          // what it was made of; nil: something that grew, so it is true for a moment
	master *hls.Text         // nil: nothing is there any more
	media  map[int]*hls.Text // by rendition
	size   int               // unpacked; packed it is a sixteenth of that, and kept too where it was asked for so
}

// texts keeps the playlists that were asked for last. Making them takes all indexes of a recording, which is seconds of a core where it lasted a
// day. So those of one recording are made at a time: whoever asks for the same meanwhile finds them then, and whoever asks for many others does
// not take more than that core.
type texts struct {
	// static
	most   int           // bytes; the newest stays if it alone has more
	making chan struct{} // holds a token while some are made

	// guarded by mu, which may be taken while a shelf's is held
	mu   sync.Mutex
	kept []*text // what was asked for last is last
	size int
}

// textsKept is some eight recordings of a day in four renditions.
const textsKept = 64 << 20

func newTexts(most int) *texts { return &texts{most: most, making: make(chan struct{}, 1)} }

// find returns what is kept of these files, if nothing came or went since.
func (t *texts) find(files []*entry) *text {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.kept, func(k *text) bool { return slices.Equal(k.of, files) })
	if i < 0 {
		return nil
	}
	found := t.kept[i]
	t.kept = append(slices.Delete(t.kept, i, i+1), found)
	return found
}

// keep adds what was made, in place of what was asked for longest ago.
func (t *texts) keep(made *text) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, made)
	for t.size += made.size; t.size > t.most && len(t.kept) > 1; {
		t.size -= t.kept[0].size
		t.kept = slices.Delete(t.kept, 0, 1)
	}
}

// drop forgets what was made of a file that is gone.
func (t *texts) drop(e *entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = slices.DeleteFunc(t.kept, func(k *text) bool {
		gone := slices.Contains(k.of, e)
		if gone {
			t.size -= k.size
		}
		return gone
	})
}

// text returns the playlists of a finished recording. It waits while others are made, as long as ctx lasts.
func (a *Archive) text(ctx context.Context, s *shelf, r *recording) (*text, error) {
	find := func() *text {
		s.mu.Lock()
		defer s.mu.Unlock()
		return a.texts.find(r.files)
	}
	if found := find(); found != nil {
		return found, nil
	}
	select {
	case a.texts.making <- struct{}{}:
		defer func() { <-a.texts.making }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if found := find(); found != nil { // whoever was at work made it
		return found, nil
	}
	made, err := a.write(s, r)
	if err == nil && made.of != nil {
		a.texts.keep(made)
	}
	return made, err
}

// write makes the playlists of a recording.
func (a *Archive) write(s *shelf, r *recording) (*text, error) {
	all, of, err := a.tracks(s, r)
	if err != nil || len(all) == 0 {
		return &text{}, err
	}
	made := &text{of: of, media: map[int]*hls.Text{}}
	long := target(all)
	cells := grid(all, long)
	for _, t := range all {
		b := bytes.Clone(t.playlist(cells, long, t.live())) // without the room that it grew in
		made.media[t.rendition] = hls.NewText(cachePast, b)
		made.size += len(b)
	}
	var variants []hls.Variant
	for _, t := range whole(all, cells) {
		variants = append(variants, t.variant())
	}
	made.master = hls.NewText(cachePast, hls.Multivariant(variants))
	return made, nil
}
