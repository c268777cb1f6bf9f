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
	if e.shelf.files["missing.html"] == nil || !accepts(listed(r, "Accept"), "text/html") {
		e.refuse(w, r, "", http.StatusNotFound, f.text)
		return
	}
	e.show(w, r, "missing.html", http.StatusNotFound, "", "{{why}}", f.word)
}
