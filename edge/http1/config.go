package http1

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Config is what a Front is made from. Times of zero are the defaults.
type Config struct {
	Handler http.Handler   // of what the cache has not at hand
	Cache   Cache          // nil: there is none
	Fields  http.Header    // that every answer has beside its own; nil: none. Who serves the others adds them there
	Gone    func(net.Conn) // told of each connection that ends here; nil: nobody is
	TLS     *tls.Config    // that connections begin with; nil: none. Who chooses h2 is handed on as a *tls.Conn
	Log     *slog.Logger   // default slog.Default()

	HeadTime  time.Duration // for a head to come; default 10 s
	IdleTime  time.Duration // a connection rests between two requests; default 2 min
	WriteTime time.Duration // for a Slice of an answer to be taken; default 30 s
	MaxHead   int           // bytes of a head; default 32 KiB; larger ones are refused
	HeldTime  time.Duration // requests go on waiting when the front ends; default 250 ms
	DrainTime time.Duration // answers go on being written then; default 5 s
}

// Slice is how much of an answer must be taken in WriteTime.
const Slice = 256 << 10

// Cache has answers at hand.
type Cache interface {
	// Hit returns the answer to a request, if there is one to be sent as it is.
	Hit(from netip.Addr, h *Head, now time.Time) (Answer, bool)
}

// Viewer is a connection as a Cache sees it, the same for all its requests.
type Viewer struct {
	Cut  func()               // ends it, wherever it is called
	Kept interface{ Leave() } // what the cache keeps of it, which is told when it has ended; nil: nothing
}

// Answer is an answer as it is sent, and not written to.
type Answer struct {
	Head  []byte // with the empty line
	Body  []byte
	Tally Tally
	File  File // nil, or the body once more, to be sent without copying
	Ahead bool // the file has the head too, before the body

	Wait Wait // nil: it is there
}

// File is a file that holds a body from some place on.
type File interface {
	Hold() (file int, at int64, ok bool) // not ok: it is gone
	Release()
}

// place is where a file has a body.
type place struct {
	file  int
	at    int64
	ahead bool // the head is before it
}

// Wait is what an answer waits for.
type Wait interface {
	Done() <-chan struct{}                        // closed when it is there
	Leave(gone bool)                              // called when the viewer waits no longer, whatever the reason; gone: it has left
	Answer(h *Head, now time.Time) (Answer, bool) // asked then: what has come, if it is to be sent as it is
}

// Sender is a ResponseWriter of the front's.
type Sender interface {
	http.ResponseWriter
	Files() bool // an answer's File is of use
	Send(Answer) bool
}

// Tally is told what was sent of an answer's body.
type Tally interface{ Count(body int) }

func (c *Config) defaults() {
	for at, value := range map[*time.Duration]time.Duration{
		&c.HeadTime: 10 * time.Second, &c.IdleTime: 2 * time.Minute, &c.WriteTime: 30 * time.Second,
		&c.HeldTime: time.Second / 4, &c.DrainTime: 5 * time.Second,
	} {
		if *at == 0 {
			*at = value
		}
	}
	if c.MaxHead == 0 {
		c.MaxHead = 32 << 10
	}
	if c.Gone == nil {
		c.Gone = func(net.Conn) {}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
}
