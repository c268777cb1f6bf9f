package redistest

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
)

// TestFreeAddrStaysFree: the kernel gives the port of a server that is killed to nobody, so it can come back where it was.
func TestFreeAddrStaysFree(t *testing.T) {
	b, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Skip(err)
	}
	var first, last int
	fmt.Sscan(string(b), &first, &last)
	for range 100 {
		_, text, err := net.SplitHostPort(FreeAddr(t))
		if port, _ := strconv.Atoi(text); err != nil || port >= first && port <= last {
			t.Fatalf("port %s is one of those from %d to %d", text, first, last)
		}
	}
}
