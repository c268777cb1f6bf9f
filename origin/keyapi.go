package origin

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/shoal-live/shoal/origin/stream"
)

const (
	keysPath   = "/api/v1/keys"
	maxKeyWish = 4 << 10 // bytes of a request's body
)

// shownKey is a key as the API shows it. The key itself is in the answer that made it, and never again.
type shownKey struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Added   time.Time  `json:"added"`
	Note    string     `json:"note"`
	Expires *time.Time `json:"expires"` // null: never
	Passing bool       `json:"passing"`
	Key     string     `json:"key,omitempty"`
}

func show(k Key) shownKey {
	s := shownKey{ID: k.ID, Name: k.Name, Added: k.Added, Note: k.Note, Passing: k.Passing}
	if !k.Expires.IsZero() {
		s.Expires = &k.Expires
	}
	return s
}

// KeyAPI serves publish keys at /api/v1/keys, for the admin listener and nowhere else: whoever reaches it may broadcast.
//
//	GET /api/v1/keys              {"keys":[{"id":...,"name":...,"added":...,"note":...,"expires":null,"passing":false},...]}
//	POST /api/v1/keys             {"name":"show","note":"camera 2","expires":"2027-01-01T00:00:00Z"}; the last two may be missing. The
//	                              answer, 201, has the "key" too, this once
//	DELETE /api/v1/keys/ID        forgets one key
//	DELETE /api/v1/keys?name=show forgets all keys of a stream
//
// A broadcast under way with a key that is forgotten ends within two seconds. What is wrong is said as {"error":...}. A web page that
// is open on the operator's machine cannot change anything: see Tracker.Controls, which keeps the same rules.
func (o *Origin) KeyAPI() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET "+keysPath, o.listKeys)
	m.HandleFunc("POST "+keysPath, unasked(o.issueKey))
	m.HandleFunc("DELETE "+keysPath, unasked(o.removeKeys))
	m.HandleFunc("DELETE "+keysPath+"/{id}", unasked(o.revokeKey))
	return m
}

// unasked keeps web pages out: browsers add an Origin to every change that a page asks for.
func unasked(change http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" {
			refuse(w, http.StatusForbidden, "web pages may not change this: come without an Origin")
			return
		}
		change(w, r)
	}
}

func (o *Origin) listKeys(w http.ResponseWriter, _ *http.Request) {
	all, err := o.keys.List()
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	list := struct {
		Keys []shownKey `json:"keys"`
	}{[]shownKey{}}
	for _, k := range all {
		list.Keys = append(list.Keys, show(k))
	}
	answer(w, http.StatusOK, list)
}

func (o *Origin) issueKey(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "want Content-Type: application/json")
		return
	}
	wish := struct {
		Name    string    `json:"name"`
		Note    string    `json:"note"`
		Expires time.Time `json:"expires"`
	}{}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxKeyWish))
	d.DisallowUnknownFields()
	err := d.Decode(&wish)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			err = nil
		} else {
			err = errors.New("something follows the JSON object")
		}
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, `want a JSON object like {"name":"show"}, with "note" and "expires" (2027-01-01T00:00:00Z) if wished: `+err.Error())
		return
	}
	secret, made, err := o.keys.Issue(Key{Name: wish.Name, Note: wish.Note, Expires: wish.Expires})
	switch {
	case errors.Is(err, ErrName), errors.Is(err, ErrNote), errors.Is(err, ErrOver):
		refuse(w, http.StatusBadRequest, err.Error())
		return
	case err != nil:
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	o.config.Log.Info("publish key added", "stream", made.Name, "id", made.ID)
	shown := show(made)
	shown.Key = secret
	w.Header().Set("Location", keysPath+"/"+made.ID)
	answer(w, http.StatusCreated, shown)
}

func (o *Origin) removeKeys(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if !stream.ValidName(name) {
		refuse(w, http.StatusBadRequest, "say which: DELETE "+keysPath+"/ID forgets one key, DELETE "+keysPath+"?name=NAME all of a stream")
		return
	}
	n, err := o.keys.Remove(name)
	o.removed(w, n, err, "stream", name)
}

func (o *Origin) revokeKey(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	o.removed(w, 1, o.keys.Revoke(id), "id", id)
}

func (o *Origin) removed(w http.ResponseWriter, n int, err error, which ...any) {
	switch {
	case errors.Is(err, ErrNoKey):
		refuse(w, http.StatusNotFound, "there is no such publish key; GET "+keysPath+" lists them")
	case err != nil:
		refuse(w, http.StatusInternalServerError, err.Error())
	default:
		o.config.Log.Info("publish keys removed", append(which, "keys", n)...)
		o.endRevoked()
		answer(w, http.StatusOK, map[string]int{"removed": n})
	}
}

// refuse says as JSON what is wrong, and what to do.
func refuse(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]string{"error": text})
}

// answer answers an operator: nothing of it is kept.
func answer(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the asker may have gone
}
