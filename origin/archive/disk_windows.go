package archive

import (
	"os"

	"golang.org/x/sys/windows"
)

// freeBytes tells how much room there is for this user.
func freeBytes(dir string) (int64, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	at, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(at, &free, nil, nil); err != nil {
		return 0, err
	}
	return int64(free), nil
}
