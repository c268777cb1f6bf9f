//go:build !windows

package edge

import "syscall"

// fullErrors are those of a disk without room, or of one that gives its user no more.
var fullErrors = []error{syscall.ENOSPC, syscall.EDQUOT}
