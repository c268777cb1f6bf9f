package edge

import "golang.org/x/sys/windows"

// fullErrors are those of a disk without room, or of one that gives its user no more.
var fullErrors = []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED}
