package main

import (
	"context"
	"log/slog"
	"math"
	"net/netip"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestGroupLimit(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for _, c := range []struct {
		name string
		root fstest.MapFS
		want int64
	}{
		{"no groups", fstest.MapFS{}, 0},
		{"no limit", fstest.MapFS{"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("max\n")}, 0},
		{"a container's own", fstest.MapFS{"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("1073741824\n")}, 1 << 30},
		{"a service's", fstest.MapFS{"proc/self/cgroup": file("0::/system.slice/shoal.service\n"),
			"sys/fs/cgroup/system.slice/shoal.service/memory.max": file("2000\n"), "sys/fs/cgroup/system.slice/memory.max": file("max\n")}, 2000},
		{"the least of those above it", fstest.MapFS{"proc/self/cgroup": file("0::/a/b\n"),
			"sys/fs/cgroup/a/b/memory.max": file("2000\n"), "sys/fs/cgroup/a/memory.max": file("1000\n")}, 1000},
		{"version 1", fstest.MapFS{"proc/self/cgroup": file("5:cpu,cpuacct:/x\n4:memory:/x\n"),
			"sys/fs/cgroup/memory/x/memory.limit_in_bytes": file("3000\n"), "sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n")}, 3000},
		{"nonsense", fstest.MapFS{"proc/self/cgroup": file("\n:\n0::\n0::../../etc\n"), "sys/fs/cgroup/memory.max": file("-5\n")}, 0},
	} {
		if got := groupLimit(c.root); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestLimitMemory(t *testing.T) {
	was := debug.SetMemoryLimit(math.MaxInt64)
	defer debug.SetMemoryLimit(was)
	root := fstest.MapFS{"proc/self/cgroup": {Data: []byte("0::/\n")}, "sys/fs/cgroup/memory.max": {Data: []byte("10000000000\n")}}
	if got := limitMemory(fstest.MapFS{}); got != 0 || debug.SetMemoryLimit(-1) != math.MaxInt64 {
		t.Errorf("without any: %d", got)
	}
	if got := limitMemory(root); got != 9e9 || debug.SetMemoryLimit(-1) != 9e9 {
		t.Errorf("of a group: %d", got)
	}
	debug.SetMemoryLimit(5e9)
	if got := limitMemory(root); got != 5e9 {
		t.Errorf("GOMEMLIMIT goes before it: %d", got)
	}
}

func TestWatchMemory(t *testing.T) {
	taken := needed()
	if taken < 1<<20 || taken > 1<<32 {
		t.Errorf("%d bytes are needed", taken)
	}
	for _, c := range []struct {
		name  string
		most  int64
		short bool
	}{{"far more than there is", 1, true}, {"far less", 1 << 40, false}, {"no limit", 0, false}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				told := false
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() {
					ended <- watchMemory(c.most, slog.New(slog.DiscardHandler), func(short bool) { told = short })(ctx)
				}()
				time.Sleep(2 * shortLook)
				synctest.Wait()
				if told != c.short {
					t.Errorf("short: %v", told)
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
	for _, c := range []struct {
		was    bool
		needed int64
		want   bool
	}{{false, 900, false}, {false, 901, true}, {true, 801, true}, {true, 800, false}} {
		if got := isShort(c.was, c.needed, 1000); got != c.want {
			t.Errorf("%d of 1000, short before %v: %v", c.needed, c.was, got)
		}
	}
}

// TestNobodyMoreIsLetIn: short of memory, connections are turned away, and told why where that can be.
func TestNobodyMoreIsLetIn(t *testing.T) {
	b := bounds{all: 10, short: new(atomic.Bool)}
	l, err := newLobby(nil, b, prometheus.NewRegistry(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	from := netip.MustParseAddr("192.0.2.1")
	for _, c := range []struct {
		short bool
		want  string
	}{{false, ""}, {true, shedMemory}, {false, ""}} {
		b.short.Store(c.short)
		if got := l.enter(from); got != c.want {
			t.Errorf("short %v: %q", c.short, got)
		}
	}
	if testutil.ToFloat64(l.open) != 2 || sheds[shedMemory] == "" || l.said[shedMemory] == nil {
		t.Errorf("%v are in, %q is said", testutil.ToFloat64(l.open), sheds[shedMemory])
	}
}

// TestMachineMemory: what a machine has is what its kernel says, and nothing where it says none.
func TestMachineMemory(t *testing.T) {
	for text, want := range map[string]int64{
		"MemTotal:        8027612 kB\nMemFree:         1000 kB\n": 8027612 << 10, "MemFree: 12 kB\n": 0, "MemTotal: many kB\n": 0, "MemTotal: -4 kB\n": 0, "": 0,
	} {
		if got := machineMemory(fstest.MapFS{"proc/meminfo": &fstest.MapFile{Data: []byte(text)}}); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	if got := machineMemory(fstest.MapFS{}); got != 0 {
		t.Errorf("without a kernel that says it: %d", got)
	}
}
