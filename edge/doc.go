// Package edge is where media is copied: an HTTP cache that stands between viewers and the origin.
//
// It answers the same paths as the origin. Each object (a part, a segment, an init segment, a playlist) is fetched once
// however many ask for it at the same time: the first asker starts a flight, everybody shares the flight's buffer, and
// bytes go out while they still come in. The hashes of a chunk's pieces, which the origin sends in a header, are out with
// the first of them, so that viewers verify and pass on what they have while the rest is on its way. The flight belongs
// to the edge and not to the asker, so it goes on when the asker leaves. Blocking playlist reloads are held here, and so
// are requests for a part that is hinted at: a thousand viewers that wait for part 3 of segment 12 cost the origin one
// request of each. The part that a released playlist hints at is asked for at once, so that it is here when it is listed.
//
// An answer that breaks off is gone on with from the byte reached, at the next origin. Bytes are checked against the signed
// records of the playlists that pass through: what is false is neither kept nor passed on. An origin that is silent is
// asked for its health beside, so it is known within a second whether it holds or hangs. Parents are edges that are asked
// before the origins, each for its share; where parents are in a circle, they find out, and
// leave one another out. Media that memory has no more room for goes to disk, if there is a folder for it.
//
//	viewer ── ServeHTTP ── target (path and query, strictly read)
//	                          │ the target's URI is the cache key and the upstream request, both
//	                       cache ── object ◄── flight ◄── disk, parents, origins
//	                                  └── answer: range, ETag, Age, gzip
//
// What is whole and fresh does not come this way at all: a front (package edge/http1) before the server asks Hit for the answer as it was
// made ready before.
//
// What the edge never does: it never passes a viewer's header, query or address upstream, never follows a redirect,
// never keeps an error for more than a second, nor that media is missing beyond the next playlist, never keeps more than
// Config.MemoryBytes in memory, what has left the cache and is still being sent to somebody included, and never looks inside media.
//
// Beside media it serves the player's pages and files, and passes /whip/, /whep/ and /api/v1/ on to the origin.
//
// Drive it with New, mount it as an http.Handler, and give Run a context: the edge has stopped when Run returns.
package edge
