package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// TestWatchSaysWhatOneTokenAdmits: who watches with several viewers and one token is told what that needs, once.
func TestWatchSaysWhatOneTokenAdmits(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for args, want := range map[string]int{
		"-n 3 -token T": 1, "-n 1 -token T": 0, "-n 3": 0, "-n 3 -token T -no-p2p": 0, "-n 3 -token T -json": 0,
	} {
		var out bytes.Buffer
		watch(ended, append(strings.Fields(args), "http://127.0.0.1:1/watch/demo"), &out) // it ends at once, with whatever
		if n := strings.Count(out.String(), "-token-viewers 3"); n != want {
			t.Errorf("%s: said %d times: %s", args, n, out.String())
		}
	}
}
