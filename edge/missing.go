package edge

import "net/http"

// What is wrong with an address that is none of a page: in words of missing.html, and in a line for who shows no pages.
type fault struct{ word, text string }

var (
	noPage      = fault{"noPage", "no such page; what is live now is at /"}
	noRecording = fault{"noPage", "no such page; a stream is at /watch/NAME, a recording at /watch/NAME/recordings/ID"}
	noName      = fault{"noName", "no such stream: a stream's name has 1 to 64 letters (A-Z, a-z), digits, _ or -"}
)

// missing answers that there is no such page: by one of its own to a browser that opens it for somebody, else by a line.
func (e *Edge) missing(w http.ResponseWriter, r *http.Request, f fault) {
	w.Header().Set("Vary", "Accept, Accept-Encoding")
	page := e.shelf.faults[f.word]
	if page == nil || !accepts(listed(r, "Accept"), "text/html") {
		e.refuse(w, r, "", http.StatusNotFound, f.text)
		return
	}
	e.showFilled(w, r, missingPage, http.StatusNotFound, "", page)
}

const missingPage = "missing.html"

// fillFaults fills in the page for each fault, once for all addresses: there is no end of those, and each would be packed anew. Without the page
// there are none.
func fillFaults(page *file) map[string]*filled {
	if page == nil {
		return nil
	}
	pages := make(map[string]*filled)
	for _, f := range []fault{noPage, noRecording, noName} {
		if pages[f.word] == nil {
			pages[f.word] = fill(page, "{{why}}", f.word)
		}
	}
	return pages
}
