package ops

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
)

const maxControl = 4 << 10 // bytes of a change

// outcome is what one tracker answered to a change, or what is wrong.
type outcome struct {
	Service string          `json:"service"` // HOST:PORT; empty: the process of this page
	Control json.RawMessage `json:"control"` // as it is now; null: it refused, or did not answer
	Error   string          `json:"error"`
}

const noTracker = "no tracker is known here: name its admin listener with -ops HOST:PORT"

// steer passes a change of a stream's control on to all trackers, as each is told by itself where they share no store. The answer is what
// each said; it is an error where none took it.
func (b *Board) steer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
	if err != nil {
		http.Error(w, "want at most 4096 bytes of JSON", http.StatusRequestEntityTooLarge)
		return
	}
	trackers := b.trackers()
	if len(trackers) == 0 {
		http.Error(w, noTracker, http.StatusServiceUnavailable)
		return
	}
	outcomes, errs := make([]outcome, len(trackers)), make([]error, len(trackers))
	told := context.WithoutCancel(r.Context()) // all or none, also where the page is closed meanwhile
	var telling sync.WaitGroup
	for i, t := range trackers {
		telling.Go(func() {
			o := outcome{Service: t.name}
			if o.Control, errs[i] = t.ask(told, r.Method, "/api/v1/control/"+url.PathEscape(r.PathValue("name")), body); errs[i] != nil {
				o.Error = errs[i].Error()
			}
			outcomes[i] = o
		})
	}
	telling.Wait()
	b.forget()
	if err := errors.Join(errs...); err != nil && !taken(errs) {
		status := http.StatusBadGateway
		if refused, ok := errors.AsType[refusal](err); ok { // as what cannot be is refused by all
			status = refused.status
		}
		http.Error(w, err.Error(), status)
		return
	}
	answerJSON(w, struct {
		Told []outcome `json:"told"`
	}{outcomes})
}

// taken tells whether one of them worked.
func taken(errs []error) bool {
	for _, err := range errs {
		if err == nil {
			return true
		}
	}
	return false
}

// serveCells answers with what the tracker tells that keeps the cells of a stream; where none does, with what the first one says.
func (b *Board) serveCells(w http.ResponseWriter, r *http.Request) {
	var first json.RawMessage
	err := errors.New(noTracker)
	for _, t := range b.trackers() {
		text, failed := t.ask(r.Context(), http.MethodGet, "/api/v1/cells/"+url.PathEscape(r.PathValue("name")), nil)
		if failed != nil {
			err = failed
			continue
		}
		var cells struct{ Keeps bool }
		if json.Unmarshal(text, &cells) == nil && cells.Keeps {
			answerJSON(w, json.RawMessage(text))
			return
		}
		if first == nil {
			first = text
		}
	}
	switch refused, ok := errors.AsType[refusal](err); {
	case first != nil:
		answerJSON(w, first)
	case ok:
		http.Error(w, refused.text, refused.status)
	default:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}
