package rtmp

import (
	"bytes"
	"io"
	"runtime"
	"testing"

	"github.com/bluenviron/gortmplib/pkg/amf0"
)

// hello is what a client says of a handshake.
var hello = append([]byte{3}, make([]byte, 2*1536)...)

// saying is a client that has said all it will ever say.
func saying(b []byte) io.ReadWriter {
	return struct {
		io.Reader
		io.Writer
	}{bytes.NewReader(b), io.Discard}
}

// ask is a command.
func ask(arguments ...any) []byte {
	b, err := amf0.Data(arguments).Marshal()
	if err != nil {
		panic(err)
	}
	b = append(chunkSize(65536), whole(typeCommand0, b...)...)
	return b
}

// introduced is all that comes between handshake and media.
func introduced(app, key string) []byte {
	return join(
		ask("connect", float64(1), amf0.Object{{Key: "app", Value: app}}), ask("releaseStream", float64(2), nil, key),
		ask("FCPublish", float64(3), nil, key), ask("createStream", float64(4), nil), ask("publish", float64(5), nil, key, "live"))
}

// FuzzGreet lets anybody say anything from the first byte on: an error at most.
//
// Clause: hostile
func FuzzGreet(f *testing.F) {
	f.Add(hello)
	f.Add([]byte("GET / HTTP/1.1"))
	f.Add(append([]byte{6}, make([]byte, 1536)...))
	f.Add(append(bytes.Clone(hello), introduced("live", "secret")...))
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = greet(saying(b)) })
}

// FuzzDialogue lets anybody say anything after the handshake: an error at most, and memory in proportion to what was said.
//
// Clause: hostile
func FuzzDialogue(f *testing.F) {
	f.Add(introduced("live", "secret"))
	for _, b := range samples() {
		f.Add(append(introduced("live", "secret"), b...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		was := m.TotalAlloc
		d := newDialogue(saying(b))
		if err := d.introduce(); err == nil {
			d.admitted()
			for err == nil {
				_, err = d.next()
			}
		}
		runtime.ReadMemStats(&m)
		if n := m.TotalAlloc - was; n > 1<<20+400*uint64(len(b)) {
			t.Errorf("%d bytes made room of %d", len(b), n)
		}
	})
}

// samples are messages of every kind of body.
func samples() (all [][]byte) {
	for _, c := range tagCases() {
		kind := byte(typeAudio)
		if c.video {
			kind = typeVideo
		}
		all = append(all, whole(kind, c.b...))
	}
	return all
}
