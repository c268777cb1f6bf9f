package edge

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// policy is what pages may do: run the player's own scripts and WebAssembly, feed media from memory, and talk to
// trackers and edges wherever they are.
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; media-src 'self' blob:; " +
	"connect-src 'self' ws: wss: http: https:; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; " +
	"object-src 'none'; base-uri 'none'; form-action 'self'"

// noFrames is more than that, for pages on which something is done: no other site is to lay them under something of its own.
const noFrames = policy + "; frame-ancestors 'self'"

const notBuilt = "the player was not built into this program; run ./scripts/up, which builds and starts everything"

// keyPatience is how long a page waits for its stream's key.
const keyPatience = 2 * time.Second

// servePage answers everything that is a page or one of the player's files.
func (e *Edge) servePage(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch {
	case path == "/":
		e.page(w, r, "index.html", "", "")
	case path == "/ops":
		e.page(w, r, "ops.html", "", "")
	case path == "/favicon.ico": // asked for beside what is no page: those carry their icon
		w.Header().Set("Cache-Control", "public, max-age=86400")
		w.WriteHeader(http.StatusNoContent)
		passage{e.meters.stream(""), kindPage, true}.count(http.StatusNoContent, 0)
	case strings.HasPrefix(path, "/assets/"):
		e.serveFile(w, r, path[len("/assets/"):])
	case strings.HasPrefix(path, "/watch/"):
		e.watchPage(w, r, "watch.html", path[len("/watch/"):])
	case strings.HasPrefix(path, "/embed/"): // for frames of other sites
		e.watchPage(w, r, "embed.html", path[len("/embed/"):])
	case path == "/studio" || path == "/studio/":
		e.studioDoor(w, r)
	case strings.HasPrefix(path, "/studio/"):
		e.streamPage(w, r, "studio.html", path[len("/studio/"):])
	case strings.HasPrefix(path, "/api/"):
		e.refuse(w, r, "", http.StatusNotFound, noPage.text)
	default:
		e.missing(w, r, noPage)
	}
}

// watchPage is that of a stream, /watch/NAME, or of one of its recordings, /watch/NAME/recordings/ID.
func (e *Edge) watchPage(w http.ResponseWriter, r *http.Request, page, path string) {
	name, rest, deep := strings.Cut(path, "/")
	if !deep || rest == "" {
		e.streamPage(w, r, page, path)
		return
	}
	id, ok := strings.CutPrefix(rest, "recordings/")
	if !ok || !validName(name) || !recordingID(id) || r.URL.RawPath != "" {
		e.missing(w, r, noRecording)
		return
	}
	e.page(w, r, page, name, "/recordings/"+id)
}

func (e *Edge) streamPage(w http.ResponseWriter, r *http.Request, name, stream string) {
	if bare, slash := strings.CutSuffix(stream, "/"); slash && validName(bare) && r.URL.RawPath == "" { // as people write it
		at := *r.URL
		at.Path = strings.TrimSuffix(at.Path, "/")
		w.Header().Set("Cache-Control", "public, max-age=1")
		http.Redirect(w, r, at.RequestURI(), http.StatusMovedPermanently)
		passage{e.meters.stream(""), kindPage, true}.count(http.StatusMovedPermanently, 0)
		return
	}
	if !validName(stream) || r.URL.RawPath != "" {
		e.missing(w, r, noName)
		return
	}
	e.page(w, r, name, stream, "")
}

// studioDoor asks who comes to the studio without the name of a stream for one, and leads there who answers.
func (e *Edge) studioDoor(w http.ResponseWriter, r *http.Request) {
	if name := strings.TrimSpace(r.URL.Query().Get("name")); validName(name) {
		e.lastly(w.Header())
		http.Redirect(w, r, "/studio/"+name, http.StatusSeeOther)
		passage{e.meters.stream(""), kindPage, true}.count(http.StatusSeeOther, 0)
		return
	}
	e.page(w, r, "door.html", "", "")
}

// page answers with a page that is of a stream, or of a part of it.
func (e *Edge) page(w http.ResponseWriter, r *http.Request, name, stream, part string) {
	if e.shelf.files[name] == nil {
		e.refuse(w, r, stream, http.StatusServiceUnavailable, notBuilt)
		return
	}
	w.Header().Set("Vary", "Accept-Encoding")
	invited := "" // or only those may watch
	if e.admission.keys != nil {
		invited = "only"
	}
	e.show(w, r, name, http.StatusOK, stream,
		"{{name}}", html.EscapeString(stream),
		"{{path}}", html.EscapeString(stream+part),
		"{{key}}", html.EscapeString(e.streamKey(r.Context(), stream)),
		"{{invited}}", invited,
		"{{p2p}}", e.config.mode(stream),
		"{{rtmp}}", html.EscapeString(e.config.broadcast()),
		"{{desk}}", "", "{{watch}}", "", // that is for admin listeners
		"{{tracker}}", html.EscapeString(strings.Join(e.config.TrackerURLs, ",")),
	)
}

// show answers with one of the pages, filled in: each placeholder is followed by what stands for it.
func (e *Edge) show(w http.ResponseWriter, r *http.Request, name string, status int, stream string, values ...string) {
	e.showFilled(w, r, name, status, stream, e.pages.filled(e.shelf.files[name], values...))
}

// showFilled answers with the page of a name, as it is filled in.
func (e *Edge) showFilled(w http.ResponseWriter, r *http.Request, name string, status int, stream string, page *filled) {
	h := w.Header()
	h.Set("Content-Type", e.shelf.files[name].typ)
	h.Set("Cache-Control", "public, max-age=1")
	if name == "studio.html" || name == "door.html" || name == "ops.html" {
		h.Set("Content-Security-Policy", noFrames)
	} else {
		h.Set("Content-Security-Policy", policy)
	}
	h.Set("Referrer-Policy", "no-referrer")
	e.lastly(h)
	body, tag := page.body, page.tag
	if coding, packed := page.packed.choose(listed(r, "Accept-Encoding")); packed != nil {
		h.Set("Content-Encoding", coding)
		body, tag = packed, tag+"-"+coding
	}
	if status == http.StatusOK { // of what is missing there is nothing to have already
		answerTagged(w, r, body, tag, passage{e.meters.stream(stream), kindPage, true}, nil)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	n := 0
	if r.Method != http.MethodHead {
		n, _ = send(w, body)
	}
	passage{e.meters.stream(stream), kindPage, true}.count(status, int64(n))
}

// streamKey asks the origin for a stream's public key. It is empty while the origin does not know the stream, or is gone:
// the page is of use all the same.
func (e *Edge) streamKey(ctx context.Context, stream string) string {
	if stream == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, keyPatience)
	defer cancel()
	o, _ := e.open(target{kind: api, stream: stream, path: "/api/v1/streams/" + stream})
	if o.wait(ctx) != nil || o.status != http.StatusOK {
		return ""
	}
	body, err := o.whole()
	if err != nil {
		return ""
	}
	var s struct {
		PublicKey string `json:"publicKey"`
	}
	if json.Unmarshal(body, &s) != nil {
		return ""
	}
	if key, err := base64.StdEncoding.DecodeString(s.PublicKey); err != nil || len(key) != 32 {
		return ""
	}
	return s.PublicKey
}
