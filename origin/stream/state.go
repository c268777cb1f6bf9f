package stream

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	stateSize = 448             // bytes of state.json, whatever it says; a disk writes 512 at once, or more
	syncEvery = 4 * time.Second // two segments
)

// state is what of a stream survives the process. It is written to state.json before a number is used, and with every part: numbers
// then go on without a hole after a crash, and players, which look for the next number, with them. It is brought
// to disk every syncEvery: after a power cut the numbers of so long may come twice.
type state struct {
	Epoch         uint32 `json:"epoch"`           // Unix seconds when the stream's numbering began
	NextMSN       uint64 `json:"nextMSN"`         // no segment had this number or a higher one
	NextInit      uint64 `json:"nextInit"`        // likewise for init segments
	Discontinuity uint64 `json:"discontinuity"`   // before the newest segment
	Ended         bool   `json:"ended,omitempty"` // its playlist has ended since
	Target        int64  `json:"target"`          // target duration of the epoch's segments, milliseconds; 0: not known
	PartTarget    int64  `json:"partTarget"`      // likewise of parts

	told        // the newest segment: NextMSN-1
	Before told `json:"before,omitzero"` // the one before it
}

// store keeps a stream's state and key in one folder.
type store struct {
	dir  string
	file *sheet // to write the state to, while there is much to write: to open it costs three times what writing does; nil: it is closed
}

func (s *store) load() (st state, found bool, err error) {
	b, err := os.ReadFile(filepath.Join(s.dir, "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, false, nil
	}
	if err != nil {
		return state{}, false, fmt.Errorf("stream: read state: %w", err)
	}
	if err := json.Unmarshal(b, &st); err != nil {
		return state{}, false, fmt.Errorf("stream: %s is damaged: %w", filepath.Join(s.dir, "state.json"), err)
	}
	return st, true, nil
}

// cutAs notes how long segments and parts are. Both never change in a playlist: RFC 8216bis, section 6.2.1. So what is cut otherwise
// than before is of an epoch of its own, and nothing of the one before is listed with it; numbers go on.
func (st *state) cutAs(c *Config, now time.Time) (anew bool) {
	target, part := c.target().Milliseconds(), c.partTarget().Milliseconds()
	anew = st.Target != 0 && (st.Target != target || st.PartTarget != part)
	if anew {
		st.Epoch = max(st.Epoch+1, uint32(now.Unix()))
		st.told, st.Before = told{}, told{} // they are of the epoch before
	}
	st.Target, st.PartTarget = target, part
	return anew
}

// written returns when the state was saved last: when the stream was heard of last.
func (s *store) written() time.Time {
	info, err := os.Stat(filepath.Join(s.dir, "state.json"))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// save writes the state over the one before, without waiting for the disk. It is as long each time, and less than what a disk
// writes at once, so that no power cut leaves half of it. A file of another length, which an earlier version wrote, or a person, is replaced:
// of a longer one a rest would stay.
func (s *store) save(st state) error {
	b, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("stream: save state: %w", err)
	}
	b = append(b, bytes.Repeat([]byte(" "), max(0, stateSize-1-len(b)))...)
	b = append(b, '\n')
	name := filepath.Join(s.dir, "state.json")
	if s.file == nil {
		s.file, err = openSheet(name)
	}
	if err == nil {
		err = s.file.overwrite(b)
	}
	if err == nil {
		return nil
	}
	s.rest()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errOther) {
		return writeFile(name, b)
	}
	return fmt.Errorf("stream: save state: %w", err)
}

// rest closes the file that save keeps open.
func (s *store) rest() {
	if s.file != nil {
		_ = s.file.close() // nothing that close could say is of use: sync tells whether it is on disk
		s.file = nil
	}
}

// sync brings the saved state to disk.
func (s *store) sync() error {
	f, err := os.Open(filepath.Join(s.dir, "state.json"))
	if err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// key returns the stream's key pair: of the seed, if there is one, else made at the first call.
func (s *store) key(seed []byte, stream string) (ed25519.PrivateKey, error) {
	if len(seed) > 0 {
		mac := hmac.New(sha256.New, seed)
		mac.Write([]byte("shoal stream " + stream))
		return ed25519.NewKeyFromSeed(mac.Sum(nil)), nil
	}
	name := filepath.Join(s.dir, "ed25519.key")
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, fmt.Errorf("stream: make key: %w", err)
		}
		text := base64.StdEncoding.EncodeToString(key.Seed())
		return key, writeFile(name, []byte(text+"\n"))
	}
	if err != nil {
		return nil, fmt.Errorf("stream: read key: %w", err)
	}
	own, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(own) != ed25519.SeedSize {
		return nil, fmt.Errorf("stream: %s is damaged", name)
	}
	return ed25519.NewKeyFromSeed(own), nil
}

// writeFile replaces a file so that it is never seen half written, by another process or after a power cut. A file that
// is new is on disk, where folders can be synced, when writeFile returns; of one that is replaced, the old content may come back after a power cut.
func writeFile(name string, b []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	_, missing := os.Lstat(name)
	f, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("stream: write %s: %w", name, err)
	}
	if missing != nil {
		syncDir(dir)
		syncDir(filepath.Dir(dir))
	}
	return nil
}

// syncDir brings the names in a folder to disk, on file systems that can.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
