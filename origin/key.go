package origin

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shoal-live/shoal/origin/stream"
)

// What can be wrong when keys are edited.
var (
	ErrName  = errors.New("origin: a stream name has 1 to 64 letters, digits, '-' or '_'")
	ErrNote  = fmt.Errorf("origin: a key's note is one line of at most %d bytes", maxNote)
	ErrOver  = errors.New("origin: a key cannot expire in the past")
	ErrNoKey = errors.New("origin: no such publish key")
)

const (
	maxNote  = 200
	idLength = 8 // hex digits
)

// Key is what is known of a publish key: not the key.
type Key struct {
	ID      string    `json:"id"`   // names it, and opens nothing
	Name    string    `json:"name"` // the stream it may publish
	Hash    string    `json:"hash"` // SHA-256 of the key, hex
	Added   time.Time `json:"added"`
	Note    string    `json:"note,omitempty"`    // whose it is, say
	Expires time.Time `json:"expires,omitzero"`  // begins no broadcast from then on; zero: never
	Passing bool      `json:"passing,omitempty"` // holds until the next Renew
}

// make completes what is wished of a key, and returns the key itself beside.
func (k Key) make(now time.Time) (secret string, made Key, err error) {
	switch {
	case !stream.ValidName(k.Name):
		return "", k, ErrName
	case len(k.Note) > maxNote || !utf8.ValidString(k.Note) || strings.ContainsFunc(k.Note, unicode.IsControl):
		return "", k, ErrNote
	case k.over(now):
		return "", k, ErrOver
	}
	var random [16 + idLength/2]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", k, fmt.Errorf("origin: make key: %w", err)
	}
	secret = hex.EncodeToString(random[:16])
	k.ID, k.Hash, k.Added = hex.EncodeToString(random[16:]), hash(secret), now.UTC().Truncate(time.Second)
	return secret, k, nil
}

// over tells whether the key begins no broadcasts any more.
func (k Key) over(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

func hash(key string) string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(key)))
	return hex.EncodeToString(sum[:])
}
