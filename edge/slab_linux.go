package edge

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// newSlab returns a slab that its caller holds, or nil where there can be none.
func newSlab(size int64) *slab {
	file, err := unix.MemfdCreate("shoal-slab", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil
	}
	if err := unix.Ftruncate(file, size); err != nil {
		unix.Close(file)
		return nil
	}
	if largePages() {
		_ = enlarge(file, size) // of small ones it is as good, but costs more to send from
	}
	s := &slab{file: file, size: size}
	s.holds.Store(1)
	return s
}

// largePages tells whether the system has pages of slabSize, and its owner has not turned them off.
var largePages = sync.OnceValue(func() bool {
	const at = "/sys/kernel/mm/transparent_hugepage/"
	state, err := os.ReadFile(at + "enabled")
	if err != nil || strings.Contains(string(state), "[never]") {
		return false
	}
	size, err := os.ReadFile(at + "hpage_pmd_size")
	return err == nil && strings.TrimSpace(string(size)) == strconv.Itoa(slabSize)
})

// enlarge makes the pages of a file large ones: the kernel counts each page that it sends, and finds each of a file by itself, so with pages of
// 4 kB that is most of what sending costs. It maps the file where large pages may begin and asks for them (MADV_COLLAPSE, Linux 6.1 or
// later); a large page is only made of what has something in it.
func enlarge(file int, size int64) error {
	for at := int64(0); at < size; at += slabSize {
		if _, err := unix.Pwrite(file, []byte{0}, at); err != nil {
			return err
		}
	}
	room := uintptr(size + slabSize)
	area, err := unix.MmapPtr(-1, 0, nil, room, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return err
	}
	defer unix.MunmapPtr(area, room)
	at := unsafe.Add(area, -uintptr(area)&(slabSize-1))
	if _, err := unix.MmapPtr(file, 0, at, uintptr(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_FIXED); err != nil {
		return err
	}
	return unix.Madvise(unsafe.Slice((*byte)(at), size), unix.MADV_COLLAPSE)
}

// write writes a body where nothing was written before.
func (s *slab) write(body []byte, at int64) bool {
	for len(body) > 0 {
		n, err := unix.Pwrite(s.file, body, at)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return false
		}
		body, at = body[n:], at+int64(n)
	}
	return true
}

// idle tells whether the kernel has none of its pages to send any more: only then does it let a file be sealed against writing.
func (s *slab) idle() bool {
	_, err := unix.FcntlInt(uintptr(s.file), unix.F_ADD_SEALS, unix.F_SEAL_WRITE)
	return err == nil
}

func (s *slab) close() { unix.Close(s.file) }
