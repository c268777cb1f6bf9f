package redistest

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
)

// TestFreeAddrStaysFree: where the kernel gives out the ports that it does by default, it gives that of a server that is killed to nobody.
func TestFreeAddrStaysFree(t *testing.T) {
	b, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Skip(err)
	}
	var first, last int
	fmt.Sscan(string(b), &first, &last)
	if first <= lastPort {
		t.Skipf("this kernel gives out ports from %d on", first)
	}
	for range 100 {
		_, text, err := net.SplitHostPort(FreeAddr(t))
		if port, _ := strconv.Atoi(text); err != nil || port >= first && port <= last {
			t.Fatalf("port %s is one of those from %d to %d", text, first, last)
		}
	}
}
