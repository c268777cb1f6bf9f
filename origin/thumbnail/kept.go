package thumbnail

import "time"

// picture is a stream's, or a recording's.
type picture struct {
	busy chan struct{} // holds a token while somebody has it made

	// guarded by Pictures.mu
	bytes []byte
	made  time.Time // when the newest attempt began
	err   error     // of that
	used  time.Time // when it was asked for last
}

// of returns what is kept of a name. Where that is too much what was not asked for longest goes, but for what is being made.
func (p *Pictures) of(name string) *picture {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.kept[name]
	if k == nil {
		if len(p.kept) >= mostKept {
			p.drop()
		}
		k = &picture{busy: make(chan struct{}, 1)}
		p.kept[name] = k
	}
	k.used = time.Now()
	return k
}

// drop drops one. The caller holds mu.
func (p *Pictures) drop() {
	oldest := ""
	for name, k := range p.kept {
		if len(k.busy) == 0 && (oldest == "" || k.used.Before(p.kept[oldest].used)) {
			oldest = name
		}
	}
	delete(p.kept, oldest)
}
