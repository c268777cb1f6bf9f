package archive

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
)

// skim reads the first line and the last segment's of the index of a closed file, which is all that has to be known of thousands
// of files. It returns nil where the whole of it has to be looked at.
func skim(path string) (*Index, error) {
	f, err := os.Open(path + indexSuffix)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	media, err := os.Stat(path + mediaSuffix)
	if err != nil {
		return nil, err
	}
	first, err := bufio.NewReaderSize(f, maxLine).ReadSlice('\n')
	if err != nil {
		return nil, nil
	}
	x, _, err := Parse(first)
	if err != nil {
		return nil, nil
	}
	end := make([]byte, min(4096, info.Size()))
	if _, err := f.ReadAt(end, info.Size()-int64(len(end))); err != nil {
		return nil, err
	}
	end, closed := bytes.CutSuffix(end, []byte("\n"+closing))
	line := end[bytes.LastIndexByte(end, '\n')+1:]
	var s Segment
	if !closed || json.Unmarshal(line, &s) != nil || s.At+s.Size != media.Size() || s.MSN < x.First || !plausible(s.Date) {
		return nil, nil
	}
	x.Segments, x.Closed = []Segment{s}, true
	return x, nil
}
