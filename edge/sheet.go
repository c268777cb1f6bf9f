package edge

// sheet is a body in a file in memory, from which the kernel sends without copying. Before it is the head with which it is sent in the second in
// which the sheet was made. It is good until its slab goes.
type sheet struct {
	slab *slab
	at   int64 // of the body
}

// alive tells whether answers may still begin to be sent from s, which may be nil.
func (s *sheet) alive() bool { return s != nil && !s.slab.gone.Load() }

// Hold implements http1.File.
func (s *sheet) Hold() (file int, at int64, ok bool) {
	if !s.slab.hold() {
		return 0, 0, false
	}
	return s.slab.file, s.at, true
}

// Release implements http1.File.
func (s *sheet) Release() { s.slab.release() }
