package archive

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Beside a file, after its name.
const (
	UploadedSuffix = ".uploaded" // the mark that it is stored elsewhere too
	PendingSuffix  = ".upload"   // what is known of an upload that has begun
)

// File is a finished file of a recording: nothing is appended to it any more.
type File struct {
	Stream string
	Path   string // of the media; its index is beside it
	Key    string // what it is called elsewhere: STREAM/RECORDING/vN/sMSN.mp4
	Size   int64
}

// IndexKey is what the file's index is called elsewhere.
func (f File) IndexKey() string { return strings.TrimSuffix(f.Key, mediaSuffix) + indexSuffix }

// Index returns what is in a file. One that could not be closed, on a full disk, is mended first.
func (f File) Index() (*Index, error) { return load(strings.TrimSuffix(f.Path, mediaSuffix)) }

// Waiting returns finished files that are not marked as uploaded, oldest first within a stream and most at most, but those to skip; and how
// many there are with these, and how many bytes.
func (a *Archive) Waiting(most int, skip func(key string) bool) (list []File, files int, bytes int64) {
	if !a.config.Keep {
		return nil, 0, 0
	}
	for _, name := range a.names() {
		s := a.shelf(name)
		s.mu.Lock()
		for _, r := range s.recordings {
			for _, e := range slices.Clone(r.files) {
				if e.index != nil || s.marked(e) {
					continue
				}
				if _, err := os.Stat(e.path + mediaSuffix); errors.Is(err, fs.ErrNotExist) {
					r.remove(e) // somebody took it away
					continue
				}
				files++
				bytes += e.size
				key := path.Join(name, r.id, "v"+strconv.Itoa(e.rendition), path.Base(e.path)+mediaSuffix)
				if len(list) < most && !skip(key) {
					list = append(list, File{Stream: name, Path: e.path + mediaSuffix, Size: e.size, Key: key})
				}
			}
		}
		s.mu.Unlock()
	}
	return list, files, bytes
}

// Uploaded marks a file as stored elsewhere, for good.
func (a *Archive) Uploaded(f File, note []byte) error { return replace(f.Path+UploadedSuffix, note) }

// stored tells whether a file may go, for all that is to be elsewhere too: it is, and the playlists of its recording, which are made
// from all its files.
func (s *shelf) stored(e *entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.marked(e) {
		return false
	}
	for _, r := range s.recordings {
		if slices.Contains(r.files, e) {
			return r.marked()
		}
	}
	return true
}

// marked tells whether there is a mark. The caller holds mu.
func (s *shelf) marked(e *entry) bool {
	if !e.uploaded {
		_, err := os.Stat(e.path + mediaSuffix + UploadedSuffix)
		e.uploaded = err == nil
	}
	return e.uploaded
}
