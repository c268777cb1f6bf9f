package archive

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
)

// How long answers may be kept: the playlist of a finished recording changes only when parts of it are deleted.
const (
	cacheForever = "public, max-age=31536000, immutable"
	cachePast    = "public, max-age=60"
)

// Description is what the API says of a recording.
type Description struct {
	ID         string    `json:"id"`
	State      string    `json:"state"` // recording, finished
	Began      time.Time `json:"began"`
	Seconds    float64   `json:"seconds"`         // with interruptions
	Playable   float64   `json:"playableSeconds"` // without
	Bytes      int64     `json:"bytes"`
	Renditions []int     `json:"renditions"`
	Files      int       `json:"files"`
	Playlist   *string   `json:"playlist"`  // once it is finished
	Thumbnail  *string   `json:"thumbnail"` // then too, where it has a picture
	Stored     bool      `json:"stored"`    // elsewhere too, whole, with its playlists
}

// Recordings describes what is kept of a stream, oldest first.
func (a *Archive) Recordings(name string) []Description {
	list := []Description{}
	if !a.config.Keep || !a.has(name) {
		return list
	}
	s := a.shelf(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.recordings {
		if len(r.files) == 0 {
			continue
		}
		d := Description{ID: r.id, State: "recording", Began: r.began, Files: len(r.files)}
		var long float64 // of one rendition
		for _, e := range r.files {
			d.Bytes += e.size
			if n := len(d.Renditions); n == 0 || d.Renditions[n-1] != e.rendition {
				d.Renditions, long = append(d.Renditions, e.rendition), 0
			}
			long += e.end.Sub(e.date).Seconds()
			d.Playable = max(d.Playable, long)
		}
		d.Seconds = max(r.end.Sub(r.began).Seconds(), d.Playable) // a broadcaster may send faster than time
		if s.finished(i) {
			at := "/live/" + name + "/recordings/" + r.id
			path := at + "/index.m3u8"
			d.State, d.Playlist, d.Stored = "finished", &path, r.marked()
			if picture := at + "/thumb.jpg"; r.still(a) != nil {
				d.Thumbnail = &picture
			}
		}
		list = append(list, d)
	}
	return list
}

// Recorded is a recording in the list of those of all streams.
type Recorded struct {
	Stream string `json:"stream"`
	Description
}

// All describes what is kept of all streams, newest first, most at most.
func (a *Archive) All(most int) []Recorded {
	list := []Recorded{}
	if !a.config.Keep {
		return list
	}
	for _, name := range a.names() {
		for _, d := range a.Recordings(name) {
			list = append(list, Recorded{name, d})
		}
	}
	slices.SortStableFunc(list, func(a, b Recorded) int { return b.Began.Compare(a.Began) })
	return list[:min(len(list), most)]
}

// finished tells whether nothing can join a recording any more. The caller holds mu.
func (s *shelf) finished(i int) bool {
	r := s.recordings[i]
	for _, e := range r.files {
		if e.index != nil {
			return false
		}
	}
	return i < len(s.recordings)-1 || time.Since(r.written) > s.config.Grace
}

// ServePlaylist answers for the playlist of a recording: the multivariant one, or of a rendition where that is not negative.
func (a *Archive) ServePlaylist(w http.ResponseWriter, r *http.Request, name, id string, rendition int) {
	if !a.config.Keep || !ID(id) || !a.has(name) {
		hls.Fail(w, http.StatusNotFound, "archive: there is no such recording")
		return
	}
	s := a.shelf(name)
	var rec *recording
	finished := false
	s.mu.Lock()
	for i, c := range s.recordings {
		if c.id == id && len(c.files) > 0 {
			rec, finished = c, s.finished(i)
		}
	}
	s.mu.Unlock()
	switch {
	case rec == nil:
		hls.Fail(w, http.StatusNotFound, "archive: there is no such recording")
		return
	case !finished:
		hls.Fail(w, http.StatusNotFound, "archive: this is still being recorded; watch it live at /live/"+name+"/index.m3u8")
		return
	}
	text, err := a.text(r.Context(), s, rec)
	switch {
	case r.Context().Err() != nil:
		hls.LetGo(w)
		return
	case err != nil:
		a.log.Error("a recording cannot be read", "recording", rec.dir, "error", err)
		hls.Fail(w, http.StatusInternalServerError, "archive: this recording cannot be read")
		return
	}
	list := text.master
	if rendition >= 0 {
		list = text.media[rendition]
	}
	if list == nil {
		hls.Fail(w, http.StatusNotFound, "archive: this recording has no such rendition")
		return
	}
	list.ServeHTTP(w, r)
}

// ServeMedia answers for a segment or an init segment that is on disk, with the very bytes that it had live; false: it is not there.
func (a *Archive) ServeMedia(w http.ResponseWriter, r *http.Request, name string, epoch uint32, rendition int, n hls.Name) bool {
	if n.Kind == hls.KindPart || !a.has(name) {
		return false
	}
	path, x := a.shelf(name).find(epoch, rendition, n)
	if path == "" {
		return false
	}
	if x == nil {
		var err error
		if x, err = a.index(path); err != nil {
			return false // deleted in this moment
		}
	}
	typ, at, size := "video/mp4", int64(0), x.Size
	bases := x.Bases
	if n.Kind == hls.KindSegment {
		s := x.Find(n.Number)
		if s == nil {
			return false
		}
		typ, at, size = "video/iso.segment", s.At, s.Size
	}
	media := &stored{path: path + mediaSuffix, bases: bases, at: at, size: size}
	if _, err := media.ReadAt(make([]byte, 1), at); err != nil && err != io.EOF {
		return false
	}
	h := w.Header()
	h.Set("Cache-Control", cacheForever)
	h.Set("Content-Type", typ)
	h.Set("ETag", `"`+strings.Join([]string{strconv.FormatUint(uint64(epoch), 36), n.String()}, "-")+`"`)
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(media, at, size))
	return true
}

// Past returns the newest segments on disk of a rendition, as long as the DVR window is, oldest first, for the window of an origin that starts
// again, and what the newest file says of them. Their init segments have no records: whoever has the stream's key adds them.
func (a *Archive) Past(name string, epoch uint32, rendition int, now time.Time) (past []*hls.Segment, head Head) {
	if a.config.DVR == 0 || !a.has(name) {
		return nil, Head{}
	}
	s := a.shelf(name)
	var files []*entry
	s.mu.Lock()
	for _, r := range s.recordings {
		for _, e := range r.files {
			if e.index == nil && e.epoch == epoch && e.rendition == rendition && e.end.After(now.Add(-a.config.DVR)) {
				files = append(files, e)
			}
		}
	}
	s.mu.Unlock()
	inits := map[uint64]*hls.Init{}
	for _, e := range files {
		x, err := load(e.path)
		if err != nil {
			a.log.Error("a recording cannot be read", "file", e.path+mediaSuffix, "error", err)
			continue
		}
		head = x.Head
		init := inits[x.Init]
		if init == nil {
			b, err := io.ReadAll(io.NewSectionReader(&stored{path: e.path + mediaSuffix, at: 0, size: x.Size}, 0, x.Size))
			if err != nil {
				continue
			}
			init = &hls.Init{Number: x.Init, Bytes: b}
			inits[x.Init] = init
		}
		for i := range x.Segments {
			m := &x.Segments[i]
			if m.End().Before(now.Add(-a.config.DVR)) {
				continue
			}
			past = append(past, &hls.Segment{
				MSN: m.MSN, Init: init, Break: x.Break && i == 0, Discontinuity: x.Discontinuity, Date: m.Date, Duration: m.Duration,
				Place: hls.Place{At: newStored(e.path+mediaSuffix, x.Bases, m), Offset: m.At, Size: m.Size},
			})
		}
	}
	return past, head
}
