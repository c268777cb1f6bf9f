// Package http1 answers plain requests of HTTP/1.1 without net/http's server, which costs a request more than the kernel does to
// send a part.
//
// A [Front] stands before a listener. Each connection has one goroutine, which reads a request's head, looks whether the [Cache]
// has the answer as it is, and writes that: the head that was made before, and the body from where it lies, in one call. What
// the cache does not have at hand (what is on its way, ranges, conditions, pages) is answered by an [http.Handler] on the same goroutine.
//
// Plain is a GET or HEAD without a body, as all players and browsers write them: see [Head]. A connection that says anything else
// (another method or version, a body, an upgrade, a head that is odd in any way) is accepted by whoever serves the front as a
// listener, with not a byte missing, and stays there: so the front's parser may be strict. What net/http's server would refuse without
// asking its handler is refused here, for pages of any site to read and with what to do: see refusal. Of a connection that
// was handed on that is its server's, whose words are put so: see bare.
//
//	connection ── Head ──► Cache ──► head and body, one call
//	               │  └──► Handler, with a Response
//	               └─ not plain ──► Accept, or a refusal
//
// Who waits for the same thing waits for a bell, and reads meanwhile, so that it is seen who leaves. Whoever rings the bell sends them the answer itself, as far as
// the kernel has room, and wakes only those to whom there is more to be sent or said: see conn.release. Until then all that a connection has is whose
// turn it is.
//
// The front bounds how long a head takes to come, how long a connection rests, and how long a slice of an answer takes to go, as
// net/http's server would. When it ends, connections that rest are closed at once, and the others after their answer.
package http1
