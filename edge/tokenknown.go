package edge

import (
	"strings"
	"sync"

	"github.com/shoal-live/shoal/token"
)

// maxKnown bounds what the tokens that are known take, in bytes: with tokens of the usual size those of 80,000 viewers. With more at
// once some are checked anew.
const maxKnown = 32 << 20

// knownSize is what a token takes beside its text.
const knownSize = 192

// knownTokens are tokens that were found good, by their text, in two generations: when the young one is full it becomes the old one,
// and the old one is forgotten. What is asked for again moves to the young one. So whoever was here lately is known, and there is no list
// to keep.
type knownTokens struct {
	// static
	half int // bytes of a generation

	// guarded by mu
	mu         sync.RWMutex
	young, old map[string]token.Claims
	bytes      int // of the young one
}

func newKnownTokens(most int) *knownTokens {
	return &knownTokens{half: most / 2, young: make(map[string]token.Claims)}
}

// look returns what a token said that was found good. Whether it has ended since is for the caller to see.
func (k *knownTokens) look(text string) (token.Claims, bool) {
	k.mu.RLock()
	claims, ok := k.young[text]
	aged := false
	if !ok {
		claims, aged = k.old[text]
	}
	k.mu.RUnlock()
	if aged {
		k.add(text, claims)
	}
	return claims, ok || aged
}

// glance is look for who can leave it to another when it does not find what is there: of the young ones only, and without a copy of the text.
func (k *knownTokens) glance(text []byte) (token.Claims, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	claims, ok := k.young[string(text)]
	return claims, ok
}

func (k *knownTokens) add(text string, claims token.Claims) {
	claims.Name = ""           // nobody counts by it here
	text = strings.Clone(text) // it may be a piece of all that was asked
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.young[text]; known {
		return
	}
	size := len(text) + knownSize
	if k.bytes+size > k.half {
		k.old, k.young, k.bytes = k.young, make(map[string]token.Claims), 0
	}
	k.young[text] = claims
	k.bytes += size
}

func (k *knownTokens) len() int {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return len(k.young) + len(k.old)
}
