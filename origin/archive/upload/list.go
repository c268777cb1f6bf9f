package upload

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"time"

	"github.com/shoal-live/shoal/origin/archive"
)

const playlistType = "application/vnd.apple.mpegurl"

// list uploads the playlists of a recording whose files are there, the multivariant one last: it names the others, and they name files.
func (u *Uploader) list(ctx context.Context, l archive.Listing) error {
	objects, err := u.config.Archive.Playlists(l)
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	key := ""
	for _, o := range objects {
		key = path.Join(u.config.Prefix, o.Key)
		if err := u.putWhole(ctx, key, playlistType, bytes.NewReader(o.Bytes), int64(len(o.Bytes))); err != nil {
			return fmt.Errorf("upload: %s: %w", key, err)
		}
	}
	note, err := json.Marshal(mark{Bucket: u.config.Bucket, Key: key, At: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	if err := u.config.Archive.Listed(l, append(note, '\n')); err != nil {
		return fmt.Errorf("upload: mark: %w", err)
	}
	return nil
}
