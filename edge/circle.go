package edge

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
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
//
// Anybody can make up a name, so nothing of the field is passed on as it came: an edge hashes the names of others, and knows its own by all that it is hashed to
// on the way. What is no edge's name is left out; a CDN in a circle with edges is found by theirs.
const (
	loopField   = "Cdn-Loop"
	loopStart   = "shoal-"        // of an edge's name, which is another each time that it begins: only those whom it asks know it
	maxNames    = 8               // that are passed on, the newest
	maxChains   = 8               // that wait to be asked on, one at each pulse; more are dropped
	maxFollowed = 1024            // that are remembered
	followAgain = 5 * time.Second // the same chain is asked on
)

// errLoop is why an upstream is not asked, and errLeft why what waits there does not go on.
var (
	errLoop = errors.New("in a circle with this edge")
	errLeft = fmt.Errorf("%w, and left", errLoop)
)

// newNames returns an edge's name, and what that is hashed to on each further edge of the way.
func newNames() (list [maxNames + 1]string) {
	var b [8]byte
	rand.Read(b[:])
	list[0] = loopStart + hex.EncodeToString(b[:])
	for i := range maxNames {
		list[i+1] = onward(list[i])
	}
	return list
}

// onward returns another edge's name as it is passed on.
func onward(name string) string {
	sum := sha256.Sum256([]byte(name))
	return loopStart + hex.EncodeToString(sum[:8])
}

// isEdge tells whether a name can be an edge's.
func isEdge(name string) bool {
	number, ok := strings.CutPrefix(name, loopStart)
	return ok && len(number) == 16 && strings.Trim(number, "0123456789abcdef") == ""
}

// names returns the edges that have asked for something, the first one first: the newest, however many a viewer makes up.
func names(r *http.Request) (list []string) {
	for _, line := range slices.Backward(r.Header[loopField]) {
		for more := true; more && len(list) <= maxNames; {
			comma := strings.LastIndexByte(line, ',')
			if name := strings.Trim(line[comma+1:], " \t"); isEdge(name) {
				list = append(list, name)
			}
			line, more = line[:max(0, comma)], comma >= 0
		}
	}
	slices.Reverse(list)
	return list
}

// cameBack tells whether a request is one that this edge has made.
func (s *origins) cameBack(r *http.Request) bool {
	return slices.ContainsFunc(names(r), func(name string) bool { return slices.Contains(s.self[:], name) })
}

// chainOf returns what is said upstream of the edges that have asked for something, before this one is added.
func chainOf(r *http.Request) string {
	list := names(r)
	list = list[max(0, len(list)-maxNames):]
	for i, name := range list {
		list[i] = onward(name)
	}
	return strings.Join(list, ", ")
}

// named returns a chain with this edge at its end.
func (s *origins) named(chain string) string {
	if chain == "" {
		return s.self[0]
	}
	return chain + ", " + s.self[0]
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

// askOn asks on a chain that has come.
func (s *origins) askOn(ctx context.Context) {
	s.mu.Lock()
	var chain string
	if len(s.chains) > 0 {
		chain = s.chains[0]
		s.chains = s.chains[1:]
	}
	s.mu.Unlock()
	if chain == "" {
		return
	}
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
