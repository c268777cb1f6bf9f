package ops

import (
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// policy is what the page may do: run its own script, and ask this listener.
const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

const notBuilt = "the player was not built into this program; run ./scripts/up, which builds and starts everything"

var fileTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

// page is the page and its files.
type page struct {
	files fs.FS
	html  []byte // nil: it was not built
}

func newPage(files fs.FS, watch string) (page, error) {
	text, err := fs.ReadFile(files, "ops.html")
	if errors.Is(err, fs.ErrNotExist) {
		return page{files: files}, nil
	}
	if err != nil {
		return page{}, fmt.Errorf("ops: read the page: %w", err)
	}
	filled := strings.NewReplacer("{{desk}}", "yes", "{{watch}}", html.EscapeString(watch)).Replace(string(text))
	return page{files, []byte(filled)}, nil
}

func (p page) serve(w http.ResponseWriter, _ *http.Request) {
	if p.html == nil {
		http.Error(w, notBuilt, http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.Write(p.html)
}

// serveFile answers with a script or a style of the built player. The page needs nothing else of it.
func (p page) serveFile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	kind := fileTypes[path.Ext(name)]
	if kind == "" || !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	b, err := fs.ReadFile(p.files, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	w.Write(b)
}
