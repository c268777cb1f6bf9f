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
	hugePage = 2 << 20
	hugePace = 50 * time.Millisecond
)

// hugePages is the task that asks for large pages as memory grows.
func hugePages(ctx context.Context) error {
	asked := make(map[uintptr]uintptr) // where a mapping begins, and how far it was asked for
	ticker := time.NewTicker(hugePace)
	defer ticker.Stop()
	for {
		for begin, end := range mappings() {
			from := max(begin, asked[begin])
			if from >= end {
				continue
			}
			asked[begin] = end
			// What there is already, in small pages, is gathered one by one. It does not matter what of it fails.
			unix.Syscall(unix.SYS_MADVISE, from, end-from, unix.MADV_HUGEPAGE)
			for ; from < end; from += hugePage {
				unix.Syscall(unix.SYS_MADVISE, from, hugePage, unix.MADV_COLLAPSE)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// mappings returns the parts of memory that are of no file and may be written, where each begins and ends, in whole large pages.
func mappings() map[uintptr]uintptr {
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
		if begin < end {
			found[begin] = end
		}
	}
	return found
}
