//go:build !unix

package redistest

// Freeze skips the test: here a process cannot be stopped without ending it.
func (s *Server) Freeze() { s.t.Skip("this system cannot stop a process without ending it") }

// Thaw ends a Freeze.
func (s *Server) Thaw() {}
