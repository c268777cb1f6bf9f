package edge

import (
	"net/http"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Headers on every answer, errors included, so that pages of any site can use it. The values are shared and never
// written to.
var (
	anyone  = []string{"*"}
	nosniff = []string{"nosniff"}
	crossly = []string{"cross-origin"}
	exposed = []string{"Accept-Patch, Age, Content-Length, Content-Range, Date, ETag, Link, Location, Retry-After, Shoal-No-Sound, " +
		wire.PiecesHeader}
)

// shared is how many fields share sets.
const shared = 5

// share lets pages of any site use an answer.
func share(h http.Header) {
	h["Access-Control-Allow-Origin"] = anyone
	h["Access-Control-Expose-Headers"] = exposed
	h["Cross-Origin-Resource-Policy"] = crossly
	h["Timing-Allow-Origin"] = anyone
	h["X-Content-Type-Options"] = nosniff
}

// preflight says what pages of any site may ask.
func preflight(h http.Header) {
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, If-None-Match, Range")
	h.Set("Access-Control-Max-Age", "86400")
}
