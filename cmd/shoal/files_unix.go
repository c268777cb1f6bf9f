//go:build unix

package main

import "syscall"

// files returns how many files this process may have open: a connection is one. Go has raised it as far as the system lets it.
func files() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return plenty
	}
	return int(min(uint64(limit.Cur), plenty))
}
