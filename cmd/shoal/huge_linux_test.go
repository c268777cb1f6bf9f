package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// TestMappings: memory that is in use is among what is found, in whole large pages, and the program's own text is not.
func TestMappings(t *testing.T) {
	much := make([]byte, 64<<20)
	for i := 0; i < len(much); i += 4096 {
		much[i] = 1
	}
	middle := uintptr(unsafe.Pointer(&much[len(much)/2]))
	text := uintptr(unsafe.Pointer(unsafe.StringData(hugeState)))
	all, err := mappings()
	if err != nil {
		t.Fatal(err)
	}
	var found bool
	for begin, end := range all {
		if begin%hugePage != 0 || end%hugePage != 0 || begin >= end {
			t.Errorf("%x to %x", begin, end)
		}
		found = found || begin <= middle && middle < end
		if begin <= text && text < end {
			t.Error("what may not be written is found")
		}
	}
	if !found {
		t.Error("64 MB are not found")
	}
}

// TestHugePages: where Linux has large pages for who asks, memory that was there before comes to lie in some, and the asking ends when it is told to.
func TestHugePages(t *testing.T) {
	if state, _ := os.ReadFile(hugeState); !bytes.Contains(state, []byte("[madvise]")) {
		t.Skip("large pages are not for who asks here: ", strings.TrimSpace(string(state)))
	}
	much := make([]byte, 64<<20)
	for i := 0; i < len(much); i += 4096 {
		much[i] = 1
	}
	ctx, over := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		hugePages(ctx)
		close(done)
	}()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(hugePace) {
		if asksForLarge(t, uintptr(unsafe.Pointer(&much[len(much)/2]))) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("memory was not asked to lie in large pages")
		}
	}
	over()
	<-done
	if much[4096] != 1 || much[1] != 0 {
		t.Error("what lay there has changed")
	}
}

// asksForLarge tells whether Linux knows that what lies there is to lie in large pages.
func asksForLarge(t *testing.T, at uintptr) bool {
	t.Helper()
	b, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	within := false
	for line := range strings.Lines(string(b)) {
		if begin, end, ok := addresses(line); ok {
			within = begin <= at && at < end
		} else if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && within {
			return strings.Contains(flags, " hg")
		}
	}
	return false
}
