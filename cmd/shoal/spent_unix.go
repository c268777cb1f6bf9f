//go:build unix

package main

import (
	"syscall"
	"time"
)

// spent returns how much processor time the process has taken; 0 where the system does not say.
func spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
