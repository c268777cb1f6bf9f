package edge

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
)

// mostPages bounds the filled pages that are kept: anybody may ask for the page of any name.
const mostPages = 128

// filled is one of the pages with what stands for its placeholders, for as many as are shown it.
type filled struct {
	tag    string
	body   []byte
	packed *packed
}

func fill(f *file, values ...string) *filled {
	body := []byte(strings.NewReplacer(values...).Replace(string(f.body)))
	sum := sha256.Sum256(body)
	return &filled{hex.EncodeToString(sum[:12]), body, newPacked(body)}
}

// pages keeps what was filled in, so that a page of which many want the same is packed once.
type pages struct {
	mu   sync.Mutex
	kept map[page]*filled // guarded by mu
}

// page tells pages from one another.
type page struct {
	of     *file
	values string
}

// filled returns a page in which each placeholder is followed by what stands for it.
func (p *pages) filled(f *file, values ...string) *filled {
	at := page{f, strings.Join(values, "\x00")}
	p.mu.Lock()
	defer p.mu.Unlock()
	if kept := p.kept[at]; kept != nil {
		return kept
	}
	for other := range p.kept {
		if len(p.kept) < mostPages {
			break
		}
		delete(p.kept, other) // whichever: of those that many want it is made anew at once
	}
	if p.kept == nil {
		p.kept = make(map[page]*filled)
	}
	p.kept[at] = fill(f, values...)
	return p.kept[at]
}
