package edge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// shelf holds the built player in memory, as it is read once and served for ever.
type shelf struct {
	files  map[string]*file
	faults map[string]*filled // missing.html by fault.word
}

// file is one of the player's files, read only.
type file struct {
	typ  string
	tag  string
	body []byte
	br   []byte // nil where there is none
	gz   []byte
}

var fileTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".ico": "image/x-icon",
	".js": "text/javascript; charset=utf-8", ".json": "application/json", ".map": "application/json", ".mjs": "text/javascript; charset=utf-8",
	".mp4": "video/mp4", ".png": "image/png", ".jpg": "image/jpeg", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
	".wasm": "application/wasm", ".webmanifest": "application/manifest+json", ".webp": "image/webp", ".woff2": "font/woff2",
}

func loadShelf(from fs.FS) (*shelf, error) {
	s := &shelf{files: make(map[string]*file)}
	err := fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		body, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		f := &file{typ: fileTypes[path.Ext(name)], tag: hex.EncodeToString(sum[:12]), body: body}
		if f.typ == "" {
			f.typ = "application/octet-stream"
		}
		s.files[name] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("edge: read the player's files: %w", err)
	}
	for name, f := range s.files {
		if packed := s.files[name+".br"]; packed != nil {
			f.br = packed.body
		}
		if packed := s.files[name+".gz"]; packed != nil {
			f.gz = packed.body
		}
	}
	for name := range s.files {
		plain := strings.TrimSuffix(strings.TrimSuffix(name, ".br"), ".gz")
		if plain != name && s.files[plain] != nil {
			delete(s.files, name)
		}
	}
	s.faults = fillFaults(s.files[missingPage])
	return s, nil
}

// built tells whether there is a player at all.
func (s *shelf) built() bool { return s.files["index.html"] != nil }

// serveFile answers /assets/FILE.
func (e *Edge) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	f := e.shelf.files[name]
	if f == nil || strings.HasSuffix(name, ".html") {
		if !e.shelf.built() {
			e.refuse(w, r, "", http.StatusServiceUnavailable, notBuilt)
			return
		}
		e.refuse(w, r, "", http.StatusNotFound, "the player has no such file")
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.typ)
	h.Set("Cache-Control", "public, max-age=60")
	body, tag := f.body, f.tag
	if f.br != nil || f.gz != nil {
		h.Set("Vary", "Accept-Encoding")
		packed := [...][]byte{f.br, f.gz}
		if i := preferred(listed(r, "Accept-Encoding"), codingNames[:], []bool{f.br == nil, f.gz == nil}); i >= 0 {
			h.Set("Content-Encoding", codingNames[i])
			body, tag = packed[i], tag+"-"+codingNames[i]
		}
	}
	answerTagged(w, r, body, tag, passage{e.meters.nobody, kindPage, true}, nil)
}
