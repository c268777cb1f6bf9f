//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package lockfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestMain is the other process too: it holds a file until it is killed.
func TestMain(m *testing.M) {
	name := os.Getenv("LOCKFILE_HOLD")
	if name == "" {
		os.Exit(m.Run())
	}
	if _, err := Try(name); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("held")
	io.Copy(io.Discard, os.Stdin)
}

func TestTry(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	held, err := Try(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Try(name); !errors.Is(err, ErrHeld) {
		t.Errorf("a second time: %v, want %v", err, ErrHeld)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if held, err = Wait(name); err != nil {
		t.Fatalf("after it was given back: %v", err)
	}
	held.Close()
	if _, err := Try(filepath.Join(name, "lock")); err == nil || errors.Is(err, ErrHeld) {
		t.Errorf("in what is no folder: %v", err)
	}
}

// TestKilled: what a process holds is free when it was killed.
func TestKilled(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), "LOCKFILE_HOLD="+name)
	open, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	says, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(says).ReadString('\n'); line != "held\n" {
		t.Errorf("the other process says %q, %v", line, err)
	}
	if _, err := Try(name); !errors.Is(err, ErrHeld) {
		t.Errorf("while it runs: %v, want %v", err, ErrHeld)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	other.Wait()
	held, err := Try(name)
	if err != nil {
		t.Fatalf("after it was killed: %v", err)
	}
	held.Close()
}
