package hls

import "net/http"

// Text is a playlist that does not change. It is packed once, when somebody takes it so, however often it is asked for.
type Text struct {
	// static
	cache string
	written
}

// NewText returns a playlist that may be kept as a Cache-Control header says.
func NewText(cache string, plain []byte) *Text {
	return &Text{cache: cache, written: written{plain: plain}}
}

// ServeHTTP answers with the playlist.
func (t *Text) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	writePlaylist(rw, r, t.cache, &t.written)
}
