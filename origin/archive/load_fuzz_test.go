package archive

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad reads back whatever a crash may have left of a file and its index: what is mended is read again as it is, and all of
// it can be read.
func FuzzLoad(f *testing.F) {
	b := newBroadcast(4)
	b.play(75)
	base, err := basesOf(b.init.Bytes, b.bytes[12])
	if err != nil {
		f.Fatal(err)
	}
	x := &Index{Head: Head{Epoch: epoch, Init: 3, Size: int64(len(b.init.Bytes)), First: 12, Date: b.began, Bases: base}}
	media := bytes.Join([][]byte{b.init.Bytes, b.bytes[12], b.bytes[13]}, nil)
	f.Add(x.Append(nil), media)
	f.Add(x.Append(nil), media[:len(media)-9])
	f.Add([]byte("{}\n"), []byte{})
	f.Fuzz(func(t *testing.T, index, media []byte) {
		path := filepath.Join(t.TempDir(), "s12")
		for suffix, b := range map[string][]byte{indexSuffix: index, mediaSuffix: media} {
			if err := os.WriteFile(path+suffix, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = skim(path)
		x, err := load(path)
		if err != nil {
			return
		}
		y, err := load(path)
		if err != nil || !bytes.Equal(x.Append(nil), y.Append(nil)) {
			t.Fatalf("mended to %q, and read again as %q, %v", x.Append(nil), y.Append(nil), err)
		}
		for i := range y.Segments {
			s := &y.Segments[i]
			_, _ = io.Copy(io.Discard, io.NewSectionReader(newStored(path+mediaSuffix, y.Bases, s), s.At, s.Size))
		}
	})
}

// FuzzEarliest looks for where a part begins, in whatever.
func FuzzEarliest(f *testing.F) {
	b := newBroadcast(4)
	b.play(61)
	f.Add(b.init.Bytes, b.bytes[12])
	f.Fuzz(func(t *testing.T, init, part []byte) {
		if all, err := basesOf(init, part); err == nil && len(all) > 0 {
			_ = rebase(bytes.Clone(part), all)
		}
	})
}
