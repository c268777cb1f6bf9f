package upload

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/shoal-live/shoal/origin/archive"
)

// pending is an upload in parts that has begun. It is noted beside its file.
type pending struct {
	ID   string `json:"id"` // as the storage calls it
	Key  string `json:"key"`
	Size int64  `json:"size"`
	Part int64  `json:"part"` // bytes of each part but the last
}

// recall reads what is known of a file's upload. What is of another place, or damaged, is an upload that begins anew.
func recall(file, key string, size, part int64) pending {
	var p pending
	b, err := os.ReadFile(file + archive.PendingSuffix)
	if err != nil || json.Unmarshal(b, &p) != nil || p.Key != key || p.Size != size || p.Part != part {
		return pending{Key: key, Size: size, Part: part}
	}
	return p
}

// save writes it beside the file, so that it is never seen half written.
func (p pending) save(file string) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), file+archive.PendingSuffix)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("note the upload: %w", err)
	}
	return nil
}
