package edge

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Parents may be in a circle by mistake: each is asked by the one that it asks, and an object that all of them wait for comes to none. So each edge has
// a name, which it adds to the field CDN-Loop (RFC 8586) of all that it asks. A request that names who is asked has come back, and is refused: who asked
// asks another. But a fill is shared, and goes on under the names of the one request that began it; where each has begun its own, none comes back. So
// the questions for health that edges ask of each other are asked on, of all upstreams, and in a circle those come back.
const (
	loopField   = "Cdn-Loop"
	loopStart   = "shoal-"        // of an edge's name, which is another each time that it begins: only those whom it asks know it
	maxNames    = 8               // that are passed on, the newest
	maxChains   = 8               // that wait to be asked on; more are dropped
	maxFollowed = 1024            // that are remembered
	followAgain = 2 * time.Second // the same chain is asked on
)

// errLoop is why an upstream is not asked, and errLeft why what waits there does not go on.
var (
	errLoop = errors.New("in a circle with this edge")
	errLeft = fmt.Errorf("%w, and left", errLoop)
)

func newName() string {
	var b [8]byte
	rand.Read(b[:])
	return loopStart + hex.EncodeToString(b[:])
}

// isEdge tells whether a name can be an edge's.
func isEdge(name string) bool {
	number, ok := strings.CutPrefix(name, loopStart)
	return ok && len(number) == 16 && strings.Trim(number, "0123456789abcdef") == ""
}

// names returns who has asked for something, the first one first.
func names(r *http.Request) (list []string) {
	for _, line := range r.Header[loopField] {
		for name := range strings.SplitSeq(line, ",") {
			list = append(list, strings.TrimSpace(name))
		}
	}
	return list
}

// cameBack tells whether a request is one that this edge has made.
func (s *origins) cameBack(r *http.Request) bool {
	return r.Header[loopField] != nil && slices.Contains(names(r), s.self)
}

// chainOf returns what is said upstream of who has asked for something, before this edge is added. Names of edges nobody knows but edges; those of
// other CDNs any viewer could make up, to have his request refused where one of them stands before the origin, and everybody's with it, so they are
// believed of proxies that are trusted.
func (e *Edge) chainOf(r *http.Request) string {
	if r.Header[loopField] == nil {
		return ""
	}
	trusted := e.trusts(remote(r))
	list := slices.DeleteFunc(names(r), func(name string) bool { return !isEdge(name) && !(trusted && isCDN(name)) })
	return strings.Clone(strings.Join(list[max(0, len(list)-maxNames):], ", ")) // and not a piece of a long head, which would be kept with it
}

// isCDN tells whether a text can be what a CDN says of itself, with its parameters.
func isCDN(text string) bool {
	return text != "" && len(text) <= 128 && !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' })
}

// named returns a chain with this edge at its end.
func (s *origins) named(chain string) string {
	if chain == "" {
		return s.self
	}
	return chain + ", " + s.self
}

// follow has a chain asked on, soon.
func (s *origins) follow(chain string, now time.Time) {
	if chain == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.followed[chain].Add(followAgain)) || len(s.chains) >= maxChains {
		return
	}
	if s.followed == nil || len(s.followed) >= maxFollowed {
		s.followed = map[string]time.Time{}
	}
	s.followed[chain] = now
	s.chains = append(s.chains, chain)
}

// askOn asks chains on that have come.
func (s *origins) askOn(ctx context.Context) {
	s.mu.Lock()
	chains := s.chains
	s.chains = nil
	s.mu.Unlock()
	for _, chain := range chains {
		for _, u := range s.all() {
			if u.isOut() {
				continue
			}
			s.probes.Go(func() {
				limited, cancel := context.WithTimeout(ctx, probeLimit)
				defer cancel()
				if err := s.health(limited, u, chain); errors.Is(err, errLoop) {
					s.leadsBack(u, chain)
				}
			})
		}
	}
}

// leadsBack notes that u has refused a chain since it leads back: u is asked no more until it takes that again, and what waits there goes elsewhere.
func (s *origins) leadsBack(u *upstream, chain string) {
	u.mu.Lock()
	known := u.back
	if !known {
		u.back, u.told, u.chain = true, true, chain
		for w := range u.waits {
			if w.since.Load() != 0 {
				w.cancel(errLeft)
			}
		}
	}
	u.mu.Unlock()
	if known {
		return
	}
	s.log.Warn("edge: an upstream leads back to this edge, as parents of each other do, and is not asked: mend -parents or -origins, here or there", "at", u.base)
}

// circle tells whether all upstreams lead back.
func (s *origins) circle() bool {
	return !slices.ContainsFunc(s.all(), func(u *upstream) bool { return !u.isBack() })
}

func (u *upstream) isBack() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.back
}
