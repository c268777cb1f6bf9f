//go:build linux && (amd64 || arm64)

package stream

import (
	"os"
	"syscall"
	"unsafe"
)

// overwriteRaw is sheet's overwrite by calls of which the scheduler is not told.
func overwriteRaw(f *os.File, b []byte) (int, error) {
	fd := f.Fd()
	var st syscall.Stat_t
	if _, _, errno := syscall.RawSyscall(syscall.SYS_FSTAT, fd, uintptr(unsafe.Pointer(&st)), 0); errno != 0 {
		return 0, os.NewSyscallError("fstat", errno)
	}
	if st.Nlink == 0 || st.Size != int64(len(b)) {
		return 0, errOther
	}
	n, _, errno := syscall.RawSyscall6(syscall.SYS_PWRITE64, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0, 0, 0)
	if errno != 0 {
		return 0, os.NewSyscallError("pwrite", errno)
	}
	return int(n), nil
}
