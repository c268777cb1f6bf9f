//go:build !unix

package gate

// direct says that everything is left to the server: only the system's own sockets can be looked into.
const direct = false

func (l *loan) look(uintptr) bool { return true }
