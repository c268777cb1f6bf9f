package main

import (
	"context"
	"io/fs"
	"log/slog"
	"math"
	"path"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// An edge that lives in a container, or under GOMEMLIMIT, lets nobody more in when what lives in it comes near that, and caches less: who is here
// already is served on, instead of all losing their connections when the system ends the process.
const (
	shortLook  = 250 * time.Millisecond
	shortFrom  = 90 // hundredths of what it may take, that live
	shortUntil = 80
	groupShare = 90 // hundredths of what a control group may take are the program's; the rest is the kernel's for it, and its own file
)

// watchMemory tells tell when the process is short of memory, and when it is no more, until ctx ends. It looks at what lives and what is no heap:
// what lies is collected before that counts.
func watchMemory(most int64, log *slog.Logger, tell func(short bool)) task {
	return func(ctx context.Context) error {
		if most <= 0 {
			<-ctx.Done()
			return nil
		}
		ticker := time.NewTicker(shortLook)
		defer ticker.Stop()
		short := false
		for {
			select {
			case <-ticker.C:
				taken := needed()
				if now := isShort(short, taken, most); now != short {
					short = now
					tell(short)
					if short {
						log.Warn("short of memory: nobody more is let in, and half as much is cached; give the process more, or -memory less", "needed", taken, "limit", most)
					} else {
						log.Info("enough memory again", "needed", taken, "limit", most)
					}
				}
			case <-ctx.Done():
				return nil
			}
		}
	}
}

func isShort(was bool, needed, most int64) bool {
	bound := most / 100 * shortFrom
	if was {
		bound = most / 100 * shortUntil
	}
	return needed > bound
}

// needed returns how many bytes the process cannot do without.
func needed() int64 {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	bytes := int64(samples[0].Value.Uint64() + samples[1].Value.Uint64())
	for _, heap := range samples[2:] {
		bytes -= int64(heap.Value.Uint64())
	}
	return bytes
}

// limitMemory returns how many bytes the process may take, 0 if nobody says: GOMEMLIMIT, or what its control group leaves it. The latter the
// runtime is told too, so that it collects before the system ends the process.
func limitMemory(root fs.FS) int64 {
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		return limit
	}
	limit := groupLimit(root) / 100 * groupShare
	if limit > 0 {
		debug.SetMemoryLimit(limit)
	}
	return limit
}

// machineMemory returns how many bytes the machine has, 0 if it does not say.
func machineMemory(root fs.FS) int64 {
	text, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if number, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(number), "kB")), 10, 64)
			if err == nil && n > 0 && n < 1<<50 {
				return n << 10
			}
		}
	}
	return 0
}

// groupLimit returns the least that the control groups allow which this process is in, of version 2 or 1; 0 if none says.
func groupLimit(root fs.FS) (least int64) {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		words := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(words) != 3 {
			continue
		}
		at, file := "", ""
		switch words[1] {
		case "":
			at, file = "sys/fs/cgroup", "memory.max"
		case "memory":
			at, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for group := path.Clean("/" + words[2]); ; group = path.Dir(group) { // those above it bound it too
			if said, err := fs.ReadFile(root, path.Join(at, group, file)); err == nil {
				n, err := strconv.ParseInt(strings.TrimSpace(string(said)), 10, 64)
				if err == nil && n > 0 && n < 1<<60 && (least == 0 || n < least) { // version 1 says 2^63 of those that have none
					least = n
				}
			}
			if group == "/" {
				break
			}
		}
	}
	return least
}
