package origin

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shoal-live/shoal/headcount"
	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/whep"
	"github.com/shoal-live/shoal/swarm/wire"
)

func (o *Origin) routes() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("GET /live/{name}/index.m3u8", o.serveMultivariant)
	m.HandleFunc("GET /live/{name}/{rendition}/index.m3u8", o.serveMedia)
	m.HandleFunc("GET /live/{name}/{rendition}/{epoch}/{file}", o.serveFile)
	m.HandleFunc("GET /live/{name}/recordings/{id}/index.m3u8", o.serveRecording)
	m.HandleFunc("GET /live/{name}/recordings/{id}/{rendition}/index.m3u8", o.serveRecording)
	m.HandleFunc("GET /live/{name}/recordings/{id}/thumb.jpg", o.serveStill)
	m.HandleFunc("GET /live/{name}/thumb.jpg", o.servePicture)
	m.HandleFunc("GET /api/v1/streams", o.serveStreams)
	m.HandleFunc("GET /api/v1/streams/{name}/recordings", o.serveRecordings)
	m.HandleFunc("GET /api/v1/recordings", o.serveAllRecordings)
	m.HandleFunc("GET /api/v1/streams/{name}", o.serveStream)
	m.HandleFunc("GET /api/v1/openapi.json", serveOpenAPI)
	m.Handle("/whip/{name}", o.whip)
	m.Handle("/whip/{name}/{session}", o.whip)
	if o.whep != nil {
		m.Handle("/whep/{name}", o.whep)
		m.Handle("/whep/{name}/{session}", o.whep)
	}
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		hls.Fail(w, http.StatusNotFound, "origin: there is nothing at this address")
	})
	return m
}

// exposed is what scripts of other sites may read of an answer.
const exposed = "ETag, Link, Location, Accept-Patch, " + whep.SilenceHeader + ", " + wire.PiecesHeader

// ServeHTTP serves /live/, /whip/, /whep/ and /api/v1/.
func (o *Origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", exposed)
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS, POST, PATCH, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, Range")
		h.Set("Access-Control-Max-Age", "86400")
		if _, pattern := o.mux.Handler(r); !strings.HasPrefix(pattern, "/wh") {
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	o.mux.ServeHTTP(w, r)
}

// find returns the stream of a request, or answers why there is none.
func (o *Origin) find(w http.ResponseWriter, r *http.Request) *stream.Stream {
	name := r.PathValue("name")
	if !stream.ValidName(name) {
		hls.Fail(w, http.StatusNotFound, "origin: there is no such stream name: "+ErrName.Error())
		return nil
	}
	st := o.streams.Get(name)
	switch {
	case st != nil && (st.Known() || st.Starting()):
		return st
	case o.keys.Named(name):
		hls.Fail(w, http.StatusNotFound, "origin: nobody has broadcast to "+name+" yet")
	default:
		hls.Fail(w, http.StatusNotFound, "origin: there is no stream "+name)
	}
	return nil
}

// window returns the rendition of a request, or answers that there is none.
func (o *Origin) window(w http.ResponseWriter, r *http.Request, st *stream.Stream) (win *hls.Window, index int) {
	index, ok := renditionOf(r)
	if ok {
		win = st.Window(index)
	}
	switch {
	case win != nil:
	case ok && index > 0 && st.Regains(time.Now()):
		w.Header().Set("Retry-After", "1")
		hls.Fail(w, http.StatusServiceUnavailable, "origin: "+st.Name+" has no such rendition yet")
	default:
		hls.Fail(w, http.StatusNotFound, "origin: "+st.Name+" has no such rendition")
	}
	return win, index
}

func renditionOf(r *http.Request) (index int, ok bool) { return indexOf(r.PathValue("rendition")) }

// indexOf reads the name of a rendition: v and its index.
func indexOf(text string) (index int, ok bool) {
	index, err := strconv.Atoi(strings.TrimPrefix(text, "v"))
	return index, err == nil && text == "v"+strconv.Itoa(index)
}

// playable waits for a stream that has a broadcaster, or is about to have one again, but no complete segment yet, and tells whether it came; if not it has answered
// why there is nothing.
func (o *Origin) playable(w http.ResponseWriter, r *http.Request, st *stream.Stream, win *hls.Window) bool {
	v, _ := win.View()
	if !v.Playable() && (st.Starting() || st.Awaited(time.Now())) {
		var err error
		if v, err = win.WaitPlayable(r.Context()); r.Context().Err() != nil {
			hls.LetGo(w)
			return false
		} else if err != nil {
			w.Header().Set("Retry-After", "1")
			hls.Fail(w, http.StatusServiceUnavailable, "origin: "+st.Name+" is starting")
			return false
		}
	}
	if !v.Playable() {
		hls.Fail(w, http.StatusNotFound, "origin: "+st.Name+" is not live now")
		return false
	}
	return true
}

func (o *Origin) serveMultivariant(w http.ResponseWriter, r *http.Request) {
	if st := o.find(w, r); st != nil && o.playable(w, r, st, st.Window(0)) {
		hls.WritePlaylist(w, r, "public, max-age=2", hls.Multivariant(st.Variants()))
	}
}

func (o *Origin) serveMedia(w http.ResponseWriter, r *http.Request) {
	st := o.find(w, r)
	if st == nil {
		return
	}
	win, index := o.window(w, r, st)
	if win == nil {
		return
	}
	st.Ask()
	if said := r.Header.Get(headcount.Field); said != "" {
		o.Heed(r.URL.Path, said, time.Now())
	}
	if o.playable(w, r, st, win) {
		win.ServePlaylist(w, r, func() []hls.Report { return reports(st, index) })
	}
}

// reports tells how far the other renditions are.
func reports(st *stream.Stream, index int) (out []hls.Report) {
	for _, i := range st.Renditions() {
		if i != index {
			v, _ := st.Window(i).View()
			out = append(out, hls.Report{URI: "../v" + strconv.Itoa(i) + "/index.m3u8", View: v})
		}
	}
	return out
}

func (o *Origin) serveFile(w http.ResponseWriter, r *http.Request) {
	if o.serveStored(w, r) {
		return
	}
	st := o.find(w, r)
	if st == nil {
		return
	}
	win, _ := o.window(w, r, st)
	if win == nil {
		return
	}
	n, ok := hls.ParseName(r.PathValue("file"))
	if !ok || r.PathValue("epoch") != strconv.FormatUint(uint64(win.Epoch()), 10) {
		hls.Fail(w, http.StatusNotFound, "origin: there is nothing at this address")
		return
	}
	win.ServeMedia(w, r, n)
}
