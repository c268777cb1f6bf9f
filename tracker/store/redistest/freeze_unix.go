//go:build unix

package redistest

import "syscall"

// Freeze stops the server without ending it or its connections, as a partition does; Thaw has it go on.
func (s *Server) Freeze() { s.running.Process.Signal(syscall.SIGSTOP) }

// Thaw ends a Freeze.
func (s *Server) Thaw() { s.running.Process.Signal(syscall.SIGCONT) }
