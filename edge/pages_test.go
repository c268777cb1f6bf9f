package edge

import (
	"strconv"
	"testing"
)

// TestPagesAreFilledOnce: who asks for the same page gets the same, packed once; a page of something else is another; and of pages of names that
// anybody thinks of few are kept.
func TestPagesAreFilledOnce(t *testing.T) {
	var p pages
	f, other := &file{body: []byte("<b>{{name}}</b>")}, &file{body: []byte("<i>{{name}}</i>")}
	first := p.filled(f, "{{name}}", "demo")
	if p.filled(f, "{{name}}", "demo") != first {
		t.Error("the same page is filled in twice")
	}
	for _, c := range []struct {
		f          *file
		name, want string
	}{{f, "demo", "<b>demo</b>"}, {f, "x", "<b>x</b>"}, {other, "demo", "<i>demo</i>"}} {
		if got := string(p.filled(c.f, "{{name}}", c.name).body); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	for i := range 10 * mostPages {
		p.filled(f, "{{name}}", strconv.Itoa(i))
	}
	if n := len(p.kept); n > mostPages {
		t.Errorf("%d pages are kept", n)
	}
}
