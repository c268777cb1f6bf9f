package origin

import (
	_ "embed"
	"encoding/json"
	"math"
	"net/http"
	"time"

	"github.com/shoal-live/shoal/origin/audience"
	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/transcode"
)

//go:embed openapi.json
var openAPI []byte

// shownStream is a stream as the API shows it. What is not known is null.
type shownStream struct {
	stream.Description
	Transcode transcode.State `json:"transcode"`
	Thumbnail *string         `json:"thumbnail"`
	P2P       *bool           `json:"p2p"`
	Watching  *int            `json:"watching"`
	InSwarm   *int            `json:"inSwarm"`
	AtEdges   int             `json:"atEdges"`
	Viewers   *int            `json:"viewers"`
	Offload   *float64        `json:"offload"`
	Copies    *float64        `json:"copies"`
	Latency   latency         `json:"latency"`
	Recording *recording      `json:"recording"`
}

// latency is how far behind live things are: the origin's newest part, which is not before it is whole, and in the mean the viewers.
type latency struct {
	OriginSeconds *float64 `json:"originSeconds"`
	ViewerSeconds *float64 `json:"viewerSeconds"`
}

// shown puts together what the stream and its audience know; known is nil where nobody knows of viewers.
func (o *Origin) shown(st *stream.Stream, known map[string]audience.Figures, now time.Time) shownStream {
	s := shownStream{Description: st.Describe(), Transcode: o.ladder.State(st.Name)}
	if s.State == stream.Live && len(s.Renditions) > 0 && s.Renditions[0].Width > 0 && o.pictures.Available() {
		path := "/live/" + st.Name + "/thumb.jpg"
		s.Thumbnail = &path
	}
	if v, _ := st.Window(0).View(); s.State == stream.Live {
		s.Latency.OriginSeconds = age(v, now)
		s.Recording = o.recordingOf(st.Name)
	}
	s.AtEdges = o.heads.Of(st.Name, now)
	if s.Watching, s.InSwarm = o.watching(st, known, s.AtEdges); known == nil {
		return s
	}
	f := known[st.Name] // whom no tracker has heard of nobody watches
	on := !f.Off
	s.P2P, s.Viewers = &on, &f.Viewers
	if f.Viewers > 0 {
		s.Offload, s.Copies = rounded(f.Offload), rounded(f.Copies)
		if f.Latency > 0 {
			s.Latency.ViewerSeconds = rounded(f.Latency)
		}
	}
	return s
}

// age returns how long ago the last of the newest part was before the camera, nil while there is none.
func age(v *hls.View, now time.Time) *float64 {
	n := v.Newest()
	if n == nil {
		return nil
	}
	return rounded(now.Sub(n.Date.Add(n.Duration)).Seconds())
}

func rounded(x float64) *float64 {
	x = math.Round(x*1000) / 1000
	return &x
}

func (o *Origin) serveStreams(w http.ResponseWriter, r *http.Request) {
	list := struct {
		Instance string        `json:"instance"`
		Streams  []shownStream `json:"streams"`
	}{o.instance, []shownStream{}}
	known, now := o.known(r.Context()), time.Now()
	for _, st := range o.streams.All() {
		if st.Heard() {
			list.Streams = append(list.Streams, o.shown(st, known, now))
		}
	}
	writeJSON(w, list)
}

func (o *Origin) serveStream(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if stream.ValidName(name) {
		if st := o.streams.Get(name); st != nil && st.Known() {
			known := o.known(r.Context())
			writeJSON(w, o.shown(st, known, time.Now()))
			return
		}
	}
	hls.Fail(w, http.StatusNotFound, "origin: no such stream has been live")
}

// serveOpenAPI describes all of the HTTP API, that of edges and trackers too.
func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=60")
	_, _ = w.Write(openAPI) // the asker may have gone
}

func writeJSON(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		hls.Fail(w, http.StatusInternalServerError, "origin: "+err.Error())
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=1")
	_, _ = w.Write(append(b, '\n')) // the asker may have gone
}
