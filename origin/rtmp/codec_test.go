package rtmp

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/message"
)

// TestUnsupported pins the library's error texts that unsupported decides by: a broadcaster whose codec cannot be
// carried is told so, one whose connection broke is not.
func TestUnsupported(t *testing.T) {
	for _, c := range []struct {
		name   string
		b      []byte
		text   string
		format bool
	}{
		{"a codec of old video", append(header(9, 6), 0x12, 1, 0, 0, 0, 0), "unsupported video codec: 2", true},
		{"a codec of old audio", append(header(8, 3), 0x5f, 1, 0), "unsupported audio codec: 5", true},
		{"a codec of enhanced video", append(header(9, 8), 0x91, 'v', 'p', '0', '8', 0, 0, 0), "unsupported fourCC: 1987063864", true},
		{"a codec of enhanced audio", append(header(8, 6), 0x91, 'v', 'r', 'b', 's', 0), "unsupported fourCC: 1987207795", true},
		{"a kind of enhanced video", append(header(9, 6), 0x8e, 'a', 'v', 'c', '1', 0), "unsupported video extended type: 14", true},
		{"parameters that are none", append(header(9, 6), 0x90, 'h', 'v', 'c', '1', 0), "invalid H265 configuration: ", true},
		{"a broken connection", append(header(9, 6), 0x17), "unexpected EOF", false},
		{"a silent end", nil, "EOF", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			counter := bytecounter.NewReadWriter(struct {
				io.Reader
				io.Writer
			}{bytes.NewReader(c.b), io.Discard})
			_, err := message.NewReadWriter(counter, counter, false).Read()
			if err == nil || !strings.HasPrefix(err.Error(), c.text) {
				t.Fatalf("the library says %v, want %s", err, c.text)
			}
			if got := unsupported(err); errors.Is(got, errFormat) != c.format || !errors.Is(got, err) {
				t.Errorf("unsupported makes it %v", got)
			}
		})
	}
}
