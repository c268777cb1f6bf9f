package upload

import (
	"bytes"
	"context"
	"crypto/md5" // what S3 checks bodies by
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/shoal-live/shoal/origin/archive"
)

const (
	mediaType = "video/mp4"
	indexType = "application/x-ndjson"
	slowest   = 16 << 10 // bytes a second: slower is as good as down
	patience  = time.Minute
	mostParts = 10_000
)

// ErrSize says that the file is not as long as it is said to be.
var ErrSize = errors.New("upload: the file has another size than its index says")

// errAway says that somebody took the file away since it was looked for.
var errAway = errors.New("upload: the file is not there any more")

// put uploads a file and its index, and marks it.
func (u *Uploader) put(ctx context.Context, f archive.File) error {
	if _, err := os.Stat(f.Path + archive.UploadedSuffix); err == nil {
		return nil // since it was looked for
	}
	file, err := os.Open(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return errAway
	}
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	defer file.Close()
	x, err := f.Index()
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	if x.End() != f.Size { // it lost something since
		return fmt.Errorf("%w: %s", ErrSize, f.Path)
	}
	index := x.Append(nil)
	key := path.Join(u.config.Prefix, f.Key)
	if f.Size <= u.config.part {
		err = u.putWhole(ctx, key, mediaType, file, f.Size)
	} else {
		err = u.putParts(ctx, key, file, f)
	}
	if err != nil {
		return fmt.Errorf("upload: %s: %w", key, err)
	}
	indexKey := path.Join(u.config.Prefix, f.IndexKey())
	if err := u.putWhole(ctx, indexKey, indexType, bytes.NewReader(index), int64(len(index))); err != nil {
		return fmt.Errorf("upload: %s: %w", indexKey, err)
	}
	note, err := json.Marshal(mark{Bucket: u.config.Bucket, Key: key, Size: f.Size, At: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	if err := u.config.Archive.Uploaded(f, append(note, '\n')); err != nil {
		return fmt.Errorf("upload: mark: %w", err)
	}
	_ = os.Remove(f.Path + archive.PendingSuffix) // there is none of a small file
	return nil
}

// mark is what stands in the mark of a file, or of the playlists of a recording, that is uploaded.
type mark struct {
	Bucket string    `json:"bucket"`
	Key    string    `json:"key"`
	Size   int64     `json:"size,omitempty"` // of a file
	At     time.Time `json:"at"`
}

// putWhole uploads an object in one request.
func (u *Uploader) putWhole(ctx context.Context, key, kind string, from io.ReaderAt, size int64) error {
	sum, err := checksum(from, 0, size)
	if err != nil {
		return err
	}
	ctx, cancel := bounded(ctx, size)
	defer cancel()
	_, err = u.client.PutObject(ctx, u.config.Bucket, key, io.NewSectionReader(from, 0, size), size, sum, "",
		minio.PutObjectOptions{ContentType: kind})
	if err == nil {
		u.metrics.bytes.Add(float64(size))
	}
	return err
}

// putParts uploads an object in parts, going on with an upload that was interrupted.
func (u *Uploader) putParts(ctx context.Context, key string, from io.ReaderAt, f archive.File) error {
	size := max(u.config.part, (f.Size+mostParts-1)/mostParts)
	p := recall(f.Path, key, f.Size, size)
	var have map[int]minio.ObjectPart
	if p.ID != "" {
		var err error
		if have, err = u.listed(ctx, key, p.ID); gone(err) {
			if info, err := u.stat(ctx, key); err == nil && info.Size == f.Size {
				return nil // it was complete, and the answer did not reach us
			}
			p.ID = ""
		} else if err != nil {
			return err
		} else {
			u.metrics.resumed.Inc()
		}
	}
	if p.ID == "" {
		short, cancel := bounded(ctx, 0)
		id, err := u.client.NewMultipartUpload(short, u.config.Bucket, key, minio.PutObjectOptions{ContentType: mediaType})
		cancel()
		if err != nil {
			return err
		}
		p.ID = id
		if err := p.save(f.Path); err != nil {
			u.abort(ctx, key, id)
			return err
		}
	}
	var parts []minio.CompletePart
	for n, at := 1, int64(0); at < f.Size; n, at = n+1, at+size {
		long := min(size, f.Size-at)
		done, ok := have[n]
		if !ok || done.Size != long {
			var err error
			if done, err = u.putPart(ctx, key, p.ID, n, from, at, long); err != nil {
				return err
			}
		}
		parts = append(parts, minio.CompletePart{PartNumber: n, ETag: done.ETag})
	}
	short, cancel := bounded(ctx, f.Size) // storage may put it together only now
	defer cancel()
	_, err := u.client.CompleteMultipartUpload(short, u.config.Bucket, key, p.ID, parts, minio.PutObjectOptions{ContentType: mediaType})
	if answered(err, minio.InvalidPart, "InvalidPartOrder", minio.EntityTooSmall) { // of these parts nothing comes
		_ = os.Remove(f.Path + archive.PendingSuffix)
		u.abort(ctx, key, p.ID)
	}
	return err
}

func (u *Uploader) putPart(ctx context.Context, key, id string, n int, from io.ReaderAt, at, size int64) (minio.ObjectPart, error) {
	sum, err := checksum(from, at, size)
	if err != nil {
		return minio.ObjectPart{}, err
	}
	ctx, cancel := bounded(ctx, size)
	defer cancel()
	done, err := u.client.PutObjectPart(ctx, u.config.Bucket, key, id, n, io.NewSectionReader(from, at, size), size,
		minio.PutObjectPartOptions{Md5Base64: sum, DisableContentSha256: true})
	if err == nil {
		u.metrics.bytes.Add(float64(size))
	}
	return done, err
}

// listed returns the parts that the storage has of an upload.
func (u *Uploader) listed(ctx context.Context, key, id string) (map[int]minio.ObjectPart, error) {
	ctx, cancel := bounded(ctx, 0)
	defer cancel()
	have := map[int]minio.ObjectPart{}
	for after := 0; ; {
		page, err := u.client.ListObjectParts(ctx, u.config.Bucket, key, id, after, 1000)
		if err != nil {
			return nil, err
		}
		for _, p := range page.ObjectParts {
			have[p.PartNumber] = p
		}
		if !page.IsTruncated || page.NextPartNumberMarker <= after {
			return have, nil
		}
		after = page.NextPartNumberMarker
	}
}

// abort has the storage forget an upload that could not be noted here: each attempt would leave another one there.
func (u *Uploader) abort(ctx context.Context, key, id string) {
	ctx, cancel := bounded(ctx, 0)
	defer cancel()
	if err := u.client.AbortMultipartUpload(ctx, u.config.Bucket, key, id); err != nil {
		u.log.Warn("an upload that was not begun is left at the storage", "key", key, "error", err)
	}
}

func (u *Uploader) stat(ctx context.Context, key string) (minio.ObjectInfo, error) {
	ctx, cancel := bounded(ctx, 0)
	defer cancel()
	return u.client.StatObject(ctx, u.config.Bucket, key, minio.StatObjectOptions{})
}

// bounded gives a request as long as its bytes take on a slow line.
func bounded(ctx context.Context, size int64) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, patience+time.Duration(size/slowest)*time.Second)
}

func checksum(from io.ReaderAt, at, size int64) (string, error) {
	sum := md5.New()
	if n, err := io.Copy(sum, io.NewSectionReader(from, at, size)); err != nil || n != size {
		return "", errors.Join(ErrSize, err)
	}
	return base64.StdEncoding.EncodeToString(sum.Sum(nil)), nil
}
