package edge

import (
	"errors"
	"net"
	"strings"
	"syscall"
)

// errFiles is why nobody was asked: this process has no descriptor left for a connection. That says nothing of who was to be asked.
var errFiles = errors.New("no file is left to reach an origin with")

const noFile = "the edge has no file left to reach its origin with; try again soon"

// lacksFiles tells whether a request failed because this process, or this machine, has no descriptor left.
func lacksFiles(err error) bool {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return true
	}
	dns, ok := errors.AsType[*net.DNSError](err) // which has what it met as a text alone
	return ok && (strings.Contains(dns.Err, syscall.EMFILE.Error()) || strings.Contains(dns.Err, syscall.ENFILE.Error()))
}

// lackFiles gives up an answer since there is no file to ask for it with. The log says once what to do.
func (e *Edge) lackFiles(err error) {
	e.tally.shed.WithLabelValues(shedFiles).Inc()
	e.unfiled.Do(func() {
		e.log.Warn("edge: no file is left to reach an origin with: viewers are told to come again; allow more with ulimit -n (LimitNOFILE in systemd), or fewer with -connections", "error", err)
	})
}
