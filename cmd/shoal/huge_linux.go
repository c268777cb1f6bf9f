package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Where memory is read here and there, finding out where a page of 4 kB lies takes longer than reading it. Pages of 2 MB need no more to be found than
// caches hold: see docs/decisions/0041. Linux gives them to who asks ("madvise"), and Go asks for none.
const (
	hugePage  = 2 << 20
	hugePace  = 100 * time.Millisecond
	hugeState = "/sys/kernel/mm/transparent_hugepage/enabled"
)

// hugePages asks for large pages as memory grows, until ctx ends. It is for a program that is alone with its machine: what Go keeps for later is
// gathered too. Where the machine's owner has turned them off, or Linux knows nothing of it, it does nothing.
func hugePages(ctx context.Context) {
	if state, err := os.ReadFile(hugeState); err != nil || !bytes.Contains(state, []byte("[madvise]")) {
		return
	}
	asked := make(map[uintptr]uintptr) // where a mapping begins, and how far it was asked for
	ticker := time.NewTicker(hugePace)
	defer ticker.Stop()
	for {
		all, err := mappings()
		if err != nil {
			return
		}
		for begin, end := range all {
			from := max(begin, asked[begin])
			if from >= end {
				continue
			}
			asked[begin] = end
			if _, _, errno := unix.Syscall(unix.SYS_MADVISE, from, end-from, unix.MADV_HUGEPAGE); errno != 0 {
				return
			}
			// What there is already, in small pages, is gathered one by one; Linux 6.1 is the first that can. What of it fails does not matter.
			for ; from < end && ctx.Err() == nil; from += hugePage {
				if _, _, errno := unix.Syscall(unix.SYS_MADVISE, from, hugePage, unix.MADV_COLLAPSE); errors.Is(errno, unix.EINVAL) {
					break
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// mappings returns the parts of this program's memory that are of no file and may be written: where each begins and ends, in whole large pages.
func mappings() (map[uintptr]uintptr, error) {
	file, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	found := make(map[uintptr]uintptr)
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text()) // addresses, rights, offset, device, inode, name
		if len(fields) < 5 || fields[1] != "rw-p" || fields[4] != "0" {
			continue
		}
		begin, end, ok := addresses(fields[0])
		if !ok {
			continue
		}
		begin, end = (begin+hugePage-1)&^(hugePage-1), end&^(hugePage-1)
		if begin < end {
			found[begin] = end
		}
	}
	return found, lines.Err()
}

// addresses reads where a mapping begins and ends.
func addresses(line string) (begin, end uintptr, ok bool) {
	n, _ := fmt.Sscanf(line, "%x-%x", &begin, &end)
	return begin, end, n == 2
}
