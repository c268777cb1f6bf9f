package tracker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

const (
	controlPath = "/api/v1/control"
	maxControl  = 4 << 10 // bytes of a request's body
)

// NamedControl is a control, whose it is, and how many viewers of the stream are here, as Controls answers.
type NamedControl struct {
	Name string `json:"name"`
	Control
	Viewers int    `json:"viewers"`
	Warning string `json:"warning,omitempty"` // that the other trackers do not know of it
}

// notTold is the warning while the store is away.
const notTold = "the store cannot be reached: this holds at this tracker alone; set the other trackers too"

// warning returns what whoever reads or sets controls must know of them, empty if nothing.
func (t *Tracker) warning() string {
	if t.exchange.alone() {
		return notTold
	}
	return ""
}

func (t *Tracker) named(name string, c Control) NamedControl {
	n := NamedControl{Name: name, Control: c}
	if s := t.streamOf(name); s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		n.Viewers = len(s.viewers)
	}
	return n
}

// Controls serves the controls at /api/v1/control, for the admin listener and nowhere else: whoever reaches it runs the swarms.
//
//	GET /api/v1/control             {"defaults":{...},"controls":[{"name":...,...},...]}: the streams that are here, and those that were set
//	GET /api/v1/control/NAME        {"name":...,"p2p":true,"share":1,"cellSize":32,"roots":24,"maxUploadKbps":0,"viewers":7}
//	PUT /api/v1/control/NAME        sets it; what is not named is as by default
//	PATCH /api/v1/control/NAME      changes only what is named
//
// The answer is the control as it is then, or a line of text that says what is wrong. While the store is away it has a "warning",
// that the control is this tracker's alone. A web page that is open on the
// operator's machine must not be able to change anything: a change has the content type application/json, which no page
// may send elsewhere unasked, and no Origin, which browsers add to every change that a page asks for, even where the page
// has got hold of our address under a name of its own.
func (t *Tracker) Controls() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+controlPath, t.listControls)
	mux.HandleFunc("GET "+controlPath+"/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		if !validName(name) {
			http.Error(w, ErrName.Error(), http.StatusBadRequest)
			return
		}
		t.answerControl(w, name, t.ControlOf(name))
	})
	mux.HandleFunc("PUT "+controlPath+"/{name}", func(w http.ResponseWriter, r *http.Request) {
		t.steer(w, r, t.controls.defaults)
	})
	mux.HandleFunc("PATCH "+controlPath+"/{name}", func(w http.ResponseWriter, r *http.Request) {
		t.steer(w, r, Control{})
	})
	return mux
}

func (t *Tracker) listControls(w http.ResponseWriter, _ *http.Request) {
	all := t.controls.all()
	for _, s := range t.all() {
		if _, set := all[s.name]; !set {
			all[s.name] = t.controls.defaults
		}
	}
	var list struct {
		Defaults Control        `json:"defaults"`
		Controls []NamedControl `json:"controls"`
		Warning  string         `json:"warning,omitempty"`
	}
	list.Warning = t.warning()
	list.Defaults, list.Controls = t.controls.defaults, []NamedControl{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list.Controls = append(list.Controls, t.named(name, all[name]))
	}
	answerJSON(w, list)
}

// steer changes a control as a request says, from what it is begun with, or if that is zero from what it is.
func (t *Tracker) steer(w http.ResponseWriter, r *http.Request, begin Control) {
	if r.Header.Get("Origin") != "" {
		http.Error(w, "web pages may not change this: come without an Origin", http.StatusForbidden)
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		http.Error(w, "want Content-Type: application/json", http.StatusUnsupportedMediaType)
		return
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
	if err != nil {
		http.Error(w, fmt.Sprintf("want at most %d bytes of JSON", maxControl), http.StatusRequestEntityTooLarge)
		return
	}
	name := r.PathValue("name")
	c, err := t.changeControl(name, func(c *Control) error {
		if begin != (Control{}) {
			*c = begin
		}
		return readControl(b, c)
	})
	switch {
	case errors.Is(err, ErrControls):
		http.Error(w, err.Error(), http.StatusInsufficientStorage)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	t.log.Info("tracker: control", "stream", name, "p2p", c.P2P, "share", c.Share, "cellSize", c.CellSize, "roots", c.Roots, "maxUploadKbps", c.MaxUploadKbps)
	t.exchange.poll(r.Context()) // now, so that the answer tells of an outage that nothing else has met yet
	t.answerControl(w, name, c)
}

func (t *Tracker) answerControl(w http.ResponseWriter, name string, c Control) {
	answer := t.named(name, c)
	answer.Warning = t.warning()
	answerJSON(w, answer)
}

// readControl changes what JSON names of a control. The name and the viewers may stand in it, as in an answer: the path's name counts.
func readControl(b []byte, c *Control) error {
	named := NamedControl{Control: *c}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(&named); err != nil {
		return fmt.Errorf("%w: %s: want a JSON object with some of p2p (true or false), share (0 to 1), cellSize, roots, maxUploadKbps",
			ErrControl, strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: something follows the JSON object", ErrControl)
	}
	*c = named.Control
	return nil
}

func answerJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(value)
}
