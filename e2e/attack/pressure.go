//go:build linux

package attack

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// Waited returns for how long, so far, something on this machine waited for a processor; 0 where the kernel does not tell.
func Waited() time.Duration {
	b, err := os.ReadFile("/proc/pressure/cpu")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	_, total, _ := strings.Cut(line, "total=")
	micros, _ := strconv.ParseInt(total, 10, 64)
	return time.Duration(micros) * time.Microsecond
}
