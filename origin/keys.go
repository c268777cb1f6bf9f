package origin

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shoal-live/shoal/origin/stream"
)

// What can be wrong when keys are edited.
var (
	ErrName  = errors.New("origin: a stream name has 1 to 64 letters, digits, '-' or '_'")
	ErrNoKey = errors.New("origin: no publish key for this stream")
)

// Key is what is known of a publish key: not the key.
type Key struct {
	Name    string    `json:"name"` // the stream it may publish
	Hash    string    `json:"hash"` // SHA-256 of the key, hex
	Added   time.Time `json:"added"`
	Passing bool      `json:"passing,omitempty"` // holds until the next Renew
}

// Keys is the store of publish keys, a file that holds their hashes only. Any number of processes may have it open:
// a change by one is seen by the others at their next look. A stream may have several keys, so that one can be
// replaced without silence.
type Keys struct {
	// static
	file string

	mu   sync.Mutex
	keys []Key
	seen fs.FileInfo // of the file that keys were read from
}

// OpenKeys returns the store in a data directory. The directory is made when the first key is added.
func OpenKeys(dir string) (*Keys, error) {
	k := &Keys{file: filepath.Join(dir, "publish-keys.json")}
	return k, k.read()
}

// Add makes a publish key for a stream. It is returned this once and cannot be read again.
func (k *Keys) Add(name string) (string, error) { return k.add(name, false) }

// Renew is Add for a key that holds until the next Renew for the stream. Keys made by Add are not touched.
func (k *Keys) Renew(name string) (string, error) { return k.add(name, true) }

func (k *Keys) add(name string, passing bool) (string, error) {
	if !stream.ValidName(name) {
		return "", ErrName
	}
	var secret [16]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", fmt.Errorf("origin: make key: %w", err)
	}
	key := hex.EncodeToString(secret[:])
	return key, k.edit(func() error {
		if passing {
			k.keys = slices.DeleteFunc(k.keys, func(key Key) bool { return key.Passing && key.Name == name })
		}
		k.keys = append(k.keys, Key{Name: name, Hash: hash(key), Added: time.Now().UTC().Truncate(time.Second), Passing: passing})
		return nil
	})
}

// Remove forgets all publish keys of a stream and tells how many there were. A broadcast under way is not cut off.
func (k *Keys) Remove(name string) (removed int, err error) {
	err = k.edit(func() error {
		n := len(k.keys)
		k.keys = slices.DeleteFunc(k.keys, func(key Key) bool { return key.Name == name })
		if removed = n - len(k.keys); removed == 0 {
			return ErrNoKey
		}
		return nil
	})
	return removed, err
}

// List returns all keys in the order they were added.
func (k *Keys) List() ([]Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.read()
	return slices.Clone(k.keys), err
}

// Stream returns the name of the stream that key may publish. It takes the same time whichever key it is.
func (k *Keys) Stream(key string) (name string, ok bool) {
	sum := []byte(hash(key))
	k.mu.Lock()
	defer k.mu.Unlock()
	_ = k.read() // while the file cannot be read, the keys read before hold
	for _, known := range k.keys {
		if subtle.ConstantTimeCompare(sum, []byte(known.Hash)) == 1 {
			name, ok = known.Name, true
		}
	}
	return name, ok
}

// Named tells whether any key is for the named stream.
func (k *Keys) Named(name string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_ = k.read()
	return slices.ContainsFunc(k.keys, func(key Key) bool { return key.Name == name })
}

func hash(key string) string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(key)))
	return hex.EncodeToString(sum[:])
}

// read reads the file if it is not the one seen last. The caller holds mu, or is alone.
func (k *Keys) read() error {
	now, err := os.Stat(k.file)
	if errors.Is(err, fs.ErrNotExist) {
		k.keys, k.seen = nil, nil
		return nil
	}
	if err != nil {
		return fmt.Errorf("origin: publish keys: %w", err)
	}
	if k.seen != nil && os.SameFile(now, k.seen) && now.ModTime().Equal(k.seen.ModTime()) && now.Size() == k.seen.Size() {
		return nil
	}
	b, err := os.ReadFile(k.file)
	if err != nil {
		return fmt.Errorf("origin: publish keys: %w", err)
	}
	keys, err := parseKeys(b)
	if err != nil {
		return fmt.Errorf("origin: %s is damaged: %w", k.file, err)
	}
	k.keys, k.seen = keys, now
	return nil
}

func parseKeys(b []byte) ([]Key, error) {
	var keys []Key
	if err := json.Unmarshal(b, &keys); err != nil {
		return nil, err
	}
	for _, key := range keys {
		if !stream.ValidName(key.Name) || len(key.Hash) != 2*sha256.Size {
			return nil, fmt.Errorf("key for %q", key.Name)
		}
	}
	return keys, nil
}

// edit changes the keys under the file's newest state and replaces the file in one step.
func (k *Keys) edit(change func() error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.read(); err != nil {
		return err
	}
	before := slices.Clone(k.keys)
	err := change()
	if err == nil {
		err = k.write()
	}
	if err != nil {
		k.keys = before
	}
	return err
}

func (k *Keys) write() error {
	b, err := json.MarshalIndent(k.keys, "", "\t")
	if err != nil {
		return fmt.Errorf("origin: publish keys: %w", err)
	}
	dir := filepath.Dir(k.file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("origin: publish keys: %w", err)
	}
	f, err := os.CreateTemp(dir, ".publish-keys-*") // mode 0600
	if err != nil {
		return fmt.Errorf("origin: publish keys: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), k.file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("origin: publish keys: %w", err)
	}
	k.seen = nil
	return nil
}
