package edge

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	accessQueue  = 8192 // lines that wait to be written; more are dropped
	accessPath   = 256  // bytes of a path that are written
	accessMethod = 32   // and of a method
	accessFlush  = time.Second
)

// access is the log of answers, one line of JSON each. Lines wait in a queue for the one goroutine that writes them: a disk that does not
// keep up costs lines, which are counted, and no viewer anything.
type access struct {
	// static
	out       io.Writer
	addresses func(*http.Request) netip.Addr // nil: none are written
	dropped   prometheus.Counter
	log       *slog.Logger

	lines chan line
}

// line is one answer. No query is in it, since a viewer's token may be, and no session of a broadcaster.
type line struct {
	Time     time.Time `json:"time"`
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	Status   int       `json:"status"`
	Bytes    int64     `json:"bytes"`
	Millis   float64   `json:"millis"`
	Cache    string    `json:"cache,omitempty"` // hit or miss, of what comes from origins
	Protocol string    `json:"protocol"`
	Broken   bool      `json:"broken,omitempty"` // the answer is not whole, or there is none
	Address  string    `json:"address,omitempty"`
}

// run writes lines until ctx ends, and then those that wait.
func (a *access) run(ctx context.Context) {
	to := &wholeLines{Writer: a.out}
	out := bufio.NewWriterSize(to, 64<<10)
	ticker := time.NewTicker(accessFlush)
	defer ticker.Stop()
	failed := false
	check := func(err error) {
		if err == nil {
			failed = failed && !to.good
			return
		}
		a.dropped.Inc()
		if !failed {
			a.log.Error("edge: the access log cannot be written; lines are lost", "error", err)
		}
		failed = true
		out.Reset(to) // it would not try again by itself
	}
	for {
		select {
		case l := <-a.lines:
			check(a.write(out, l))
		case <-ticker.C:
			check(out.Flush())
		case <-ctx.Done():
			for {
				select {
				case l := <-a.lines:
					check(a.write(out, l))
					continue
				default:
				}
				check(out.Flush())
				return
			}
		}
	}
}

// wholeLines writes to where there may be no room for a while. What is written after a failure begins a line.
type wholeLines struct {
	io.Writer
	good, within bool // the last write succeeded; the last byte ended no line
	torn         bool // and nothing more of that line comes
}

// Write implements io.Writer.
func (l *wholeLines) Write(b []byte) (n int, err error) {
	if l.torn {
		if _, err := l.Writer.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
		l.torn, l.within = false, false
	}
	n, err = l.Writer.Write(b)
	if n > 0 {
		l.within = b[n-1] != '\n'
	}
	l.good, l.torn = err == nil, err != nil && l.within
	return n, err
}

func (a *access) write(out *bufio.Writer, l line) error {
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = out.Write(append(b, '\n'))
	return err
}

// logged is an answer that is being written, as the log sees it.
type logged struct {
	http.ResponseWriter
	access *access
	line   line
}

// begin begins the line of an answer.
func (a *access) begin(w http.ResponseWriter, r *http.Request) *logged {
	l := &logged{ResponseWriter: w, access: a}
	l.line = line{Time: time.Now().UTC(), Method: strings.Clone(r.Method[:min(len(r.Method), accessMethod)]), Path: shown(r.URL.Path), Protocol: r.Proto}
	if a.addresses != nil {
		l.line.Address = written(a.addresses(r))
	}
	return l
}

// written returns what is written of an address: nothing where there is none, as of an edge's own requests.
func written(from netip.Addr) string {
	if !from.IsValid() {
		return ""
	}
	return from.String()
}

// shown returns what is written of a path.
func shown(path string) string {
	for _, of := range []string{"/whip/", "/whep/"} {
		if rest, ok := strings.CutPrefix(path, of); ok {
			stream, _, session := strings.Cut(rest, "/")
			if session {
				path = of + stream + "/*" // who knows a session can end it
			}
		}
	}
	return strings.ToValidUTF8(strings.Clone(path[:min(len(path), accessPath)]), "?") // and not a piece of a long head, which would be kept with it
}

// statusGone is logged of a viewer who left before there was an answer. It is no status of HTTP's; nginx has it so.
const statusGone = 499

// noteGone tells the log, if there is one, that a viewer has left before there was an answer.
func noteGone(w http.ResponseWriter) {
	if l, ok := w.(*logged); ok && l.line.Status == 0 {
		l.line.Status = statusGone
	}
}

// end hands the line to who writes it.
func (l *logged) end() {
	why := recover()
	if l.line.Status == 0 {
		l.line.Status = http.StatusOK
	}
	l.line.Broken = why != nil
	l.access.put(l.line)
	if why != nil {
		panic(why)
	}
}

// put hands a line to who writes it.
func (a *access) put(l line) {
	l.Millis = float64(time.Since(l.Time).Microseconds()) / 1000
	select {
	case a.lines <- l:
	default:
		a.dropped.Inc()
	}
}

// WriteHeader implements http.ResponseWriter.
func (l *logged) WriteHeader(status int) {
	if l.line.Status == 0 && status >= 200 {
		l.line.Status = status
	}
	l.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (l *logged) Write(b []byte) (int, error) {
	if l.line.Status == 0 {
		l.line.Status = http.StatusOK
	}
	n, err := l.ResponseWriter.Write(b)
	l.line.Bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (l *logged) Unwrap() http.ResponseWriter { return l.ResponseWriter }

// note tells the log, if there is one, whether an answer was there already, or on its way for somebody else.
func note(w http.ResponseWriter, began bool) {
	if l, ok := w.(*logged); ok {
		if l.line.Cache = "hit"; began {
			l.line.Cache = "miss"
		}
	}
}
