package origin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/shoal-live/shoal/lockfile"
	"github.com/shoal-live/shoal/origin/stream"
)

// Keys is the store of publish keys, a file that holds their hashes only. Any number of processes may have it open:
// a change by one is seen by the others at their next look, and changes by several at once are made one after the other. A
// stream may have several keys, so that one can be replaced without silence.
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
func (k *Keys) Add(name string) (string, error) {
	secret, _, err := k.Issue(Key{Name: name})
	return secret, err
}

// Renew is Add for a key that holds until the next Renew for the stream. Keys made by Add are not touched.
func (k *Keys) Renew(name string) (string, error) {
	secret, _, err := k.Issue(Key{Name: name, Passing: true})
	return secret, err
}

// Issue is Add for a key of which more is wished: its Name, and perhaps its Note, its end and whether it is passing. The rest is
// filled in, as the Key that is returned shows.
func (k *Keys) Issue(wish Key) (secret string, made Key, err error) {
	secret, made, err = wish.make(time.Now())
	if err != nil {
		return "", Key{}, err
	}
	if err := os.MkdirAll(filepath.Dir(k.file), 0o700); err != nil {
		return "", Key{}, fmt.Errorf("origin: publish keys: %w", err)
	}
	return secret, made, k.edit(func() error {
		if made.Passing {
			k.keys = slices.DeleteFunc(k.keys, func(key Key) bool { return key.Passing && key.Name == made.Name })
		}
		k.keys = append(k.keys, made)
		return nil
	})
}

// Remove forgets all publish keys of a stream and tells how many there were. A broadcast under way with one of them ends.
func (k *Keys) Remove(name string) (removed int, err error) {
	return k.remove(func(key Key) bool { return key.Name == name })
}

// Revoke forgets the key that has an ID.
func (k *Keys) Revoke(id string) error {
	_, err := k.remove(func(key Key) bool { return key.ID == id })
	return err
}

func (k *Keys) remove(which func(Key) bool) (removed int, err error) {
	err = k.edit(func() error {
		n := len(k.keys)
		k.keys = slices.DeleteFunc(k.keys, which)
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
	known, ok := k.known(key)
	if !ok || known.over(time.Now()) {
		return "", false
	}
	return known.Name, true
}

// Holds tells whether a key that opened a stream has not been removed since. One that is over holds all the same: it begins no
// more broadcasts, and one under way goes on.
func (k *Keys) Holds(key string) bool {
	_, ok := k.known(key)
	return ok
}

func (k *Keys) known(key string) (found Key, ok bool) {
	sum := []byte(hash(key))
	k.mu.Lock()
	defer k.mu.Unlock()
	_ = k.read() // while the file cannot be read, the keys read before hold
	for _, known := range k.keys {
		if subtle.ConstantTimeCompare(sum, []byte(known.Hash)) == 1 {
			found, ok = known, true
		}
	}
	return found, ok
}

// Named tells whether any key is for the named stream.
func (k *Keys) Named(name string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_ = k.read()
	return slices.ContainsFunc(k.keys, func(key Key) bool { return key.Name == name })
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
		return fmt.Errorf("origin: %s is damaged: %w; bring it back from a copy, or move it away and make new keys (shoal key add) for all who publish", k.file, err)
	}
	k.keys, k.seen = keys, now
	return nil
}

func parseKeys(b []byte) ([]Key, error) {
	var keys []Key
	if err := json.Unmarshal(b, &keys); err != nil {
		return nil, err
	}
	for i, key := range keys {
		if !stream.ValidName(key.Name) || len(key.Hash) != 2*sha256.Size {
			return nil, fmt.Errorf("key for %q", key.Name)
		}
		if key.ID == "" { // of before there were IDs
			keys[i].ID = key.Hash[:idLength]
		}
	}
	return keys, nil
}

// keysLock is the file that is locked while the keys' own is replaced: that one is another after each change.
const keysLock = "publish-keys.lock"

// edit changes the keys under the file's newest state and replaces the file in one step, while no other process does.
func (k *Keys) edit(change func() error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	held, err := lockfile.Wait(filepath.Join(filepath.Dir(k.file), keysLock))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNoKey // there is not even the directory
	}
	if err != nil {
		return fmt.Errorf("origin: publish keys: %w", err)
	}
	defer held.Close()
	k.seen = nil // within one tick of the clock one file may look like another
	if err := k.read(); err != nil {
		return err
	}
	before := slices.Clone(k.keys)
	err = change()
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
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync() // so that a key that was revoked is not back after a power cut; not all systems can
		_ = d.Close()
	}
	k.seen = nil
	return nil
}
