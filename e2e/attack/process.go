//go:build linux

// Package attack is the frame of a command that measures what an attack does to those who behave. The attack is a process of its own, the
// same program once more, since an attacker would have a machine of its own, and here takes part of this one: so that process has the
// processor only while nobody else wants it, unless it insists. It ends when its input does, and says then what became of it.
//
//	process, err := attack.Start(ctx, "-on", address) // in the command
//	attack.Be(false, func(ctx context.Context) (counts, error) {...}) // in the same command, where -on is given
//	counts, err := attack.End[counts](process)
package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// endsWithin is how long an attack may take to end and to say what became of it.
const endsWithin = 15 * time.Second

// Process is an attack that goes on.
type Process struct {
	command *exec.Cmd
	hears   io.Closer
	says    io.Reader
}

// Start starts this program once more, with other arguments. It is killed when ctx ends.
func Start(ctx context.Context, args ...string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &Process{command: exec.CommandContext(ctx, self, args...)}
	p.command.Stderr = os.Stderr
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if p.hears, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	if p.says, err = p.command.StdoutPipe(); err != nil {
		return nil, err
	}
	return p, p.command.Start()
}

// End ends an attack, and returns what it says.
func End[T any](p *Process) (said T, err error) {
	defer time.AfterFunc(endsWithin, func() { _ = p.command.Process.Kill() }).Stop()
	_ = p.hears.Close()
	if err = json.NewDecoder(p.says).Decode(&said); err != nil {
		err = fmt.Errorf("the attack said nothing (it gives way, and the machine may have no time left for it): %w", err)
	}
	_ = p.command.Wait()
	return said, err
}

// Be is all that a process does that is an attack: it attacks until ctx ends and says what is returned.
func Be[T any](insists bool, attack func(ctx context.Context) (T, error)) error {
	if !insists {
		if err := giveWay(); err != nil {
			return err
		}
	}
	ctx, end := context.WithCancel(context.Background())
	defer end()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		end()
	}()
	said, err := attack(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(said)
}

// giveWay makes this process the last in line for the processor. Threads inherit that, but those that run already do not, so it begins
// anew.
func giveWay() error {
	const done = "SHOAL_GAVE_WAY"
	if os.Getenv(done) != "" {
		return nil
	}
	runtime.LockOSThread()
	if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
		return fmt.Errorf("giving way: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(self, os.Args, append(os.Environ(), done+"=1"))
}
