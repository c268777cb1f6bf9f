package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Where much memory is looked at here and there, finding out where a page of 4 kB lies takes longer than reading it, twice as long in a virtual machine. Pages of
// 2 MB need no more to be found than caches hold: see docs/decisions/0041. Linux gives them to who asks ("madvise" in
// /sys/kernel/mm/transparent_hugepage/enabled, which is usual), and Go asks for none.
const (
	hugePage  = 2 << 20
	hugeLeast = 64 << 20 // of a mapping: an arena of Go's heap
	hugePace  = 200 * time.Millisecond
)

// hugePages is the task that asks for large pages as memory grows.
func hugePages(ctx context.Context) error {
	asked := make(map[uintptr]uintptr) // where a mapping begins, and how far it was asked for
	ticker := time.NewTicker(hugePace)
	defer ticker.Stop()
	for {
		for begin, end := range largeMappings() {
			if asked[begin] == end {
				continue
			}
			asked[begin] = end
			// Neither matters if it fails. What there is already, in small pages, is gathered at once.
			unix.Syscall(unix.SYS_MADVISE, begin, end-begin, unix.MADV_HUGEPAGE)
			unix.Syscall(unix.SYS_MADVISE, begin, end-begin, unix.MADV_COLLAPSE)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// largeMappings returns the large parts of memory that are of no file and may be written, where each begins and ends, in whole large pages.
func largeMappings() map[uintptr]uintptr {
	file, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil
	}
	defer file.Close()
	found := make(map[uintptr]uintptr)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var begin, end, offset, inode uintptr
		var rights, device string
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x %s %x %s %d", &begin, &end, &rights, &offset, &device, &inode); n < 6 || inode != 0 || !strings.HasPrefix(rights, "rw-p") {
			continue
		}
		begin, end = (begin+hugePage-1)&^(hugePage-1), end&^(hugePage-1)
		if begin < end && end-begin >= hugeLeast {
			found[begin] = end
		}
	}
	return found
}
