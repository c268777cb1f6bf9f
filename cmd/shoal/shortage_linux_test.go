package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

// TestMoreThanTheMachineHas: a cache that the machine has no memory for is refused with what it has.
//
// Clause: errors
func TestMoreThanTheMachineHas(t *testing.T) {
	has := machineMemory(os.DirFS("/"))
	if has < 64<<20 {
		t.Fatalf("this machine says that it has %d bytes", has)
	}
	more := size(has + 1<<30)
	for _, text := range []string{"99T", more.String()} {
		err := runEdge(t.Context(), []string{"-memory", text, "-http", "127.0.0.1:0", "-admin", "127.0.0.1:0"}, io.Discard)
		if status(err) != 1 || !strings.HasPrefix(err.Error(), "edge: -memory "+text+": this machine has ") || !strings.Contains(err.Error(), "choose up to") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
