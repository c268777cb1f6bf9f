//go:build linux

// Package process starts programs beside the one that measures them, each with a process of its own, and tells what they use: time of the
// processor, memory, calls. They end with the program that started them, whatever becomes of it.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of processor time in /proc; the kernel shows it as hundredths on every system.
const clockTick = 10 * time.Millisecond

const (
	readyWithin = 15 * time.Second
	mostTold    = 2000 // bytes
)

// Process is a program that runs.
type Process struct {
	command *exec.Cmd
	said    bytes.Buffer // read once ended is closed
	ended   chan struct{}
}

// Start starts a program.
func Start(name string, args ...string) (*Process, error) {
	p := &Process{command: exec.Command(name, args...), ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = &p.said, &p.said
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.run(); err != nil {
		return nil, err
	}
	return p, nil
}

// run starts what is set up and waits for its end beside.
func (p *Process) run() error {
	if err := p.command.Start(); err != nil {
		return err
	}
	go func() {
		_ = p.command.Wait()
		close(p.ended)
	}()
	return nil
}

// StartServer starts a program and waits until it answers 200 at a URL.
func StartServer(ctx context.Context, ready, name string, args ...string) (*Process, error) {
	p, err := Start(name, args...)
	if err != nil {
		return nil, err
	}
	if err := p.Await(ctx, ready); err != nil {
		return nil, err
	}
	return p, nil
}

// Await waits until the program answers 200 at a URL, and ends it if it does not.
func (p *Process) Await(ctx context.Context, ready string) error {
	name := p.command.Path
	for deadline := time.Now().Add(readyWithin); time.Now().Before(deadline); {
		if r, err := http.Get(ready); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended: %s", name, p.Told())
		case <-ctx.Done():
			p.Stop()
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s is not ready after %v: %s", name, readyWithin, p.Told())
}

// Stop ends the process.
func (p *Process) Stop() {
	_ = p.command.Process.Kill()
	<-p.ended
}

// Told ends the process and returns what it said last.
func (p *Process) Told() string {
	p.Stop()
	said := p.said.String()
	return said[max(0, len(said)-mostTold):]
}

// ProcessorTime returns what the process has used so far, in its own code and in the kernel.
func (p *Process) ProcessorTime() (time.Duration, error) {
	stat, err := os.ReadFile(p.file("stat"))
	if err != nil {
		return 0, err
	}
	return processorTime(stat)
}

// processorTime reads it from what /proc says of a process.
func processorTime(stat []byte) (time.Duration, error) {
	_, after, _ := strings.Cut(string(stat), ") ") // the name may hold spaces
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0, errors.New("/proc: short stat")
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick, errors.Join(err1, err2)
}

// Resident returns the bytes of memory that the process holds.
func (p *Process) Resident() (int, error) {
	rollup, err := os.ReadFile(p.file("smaps_rollup"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(rollup)) {
		if rest, ok := strings.CutPrefix(line, "Rss:"); ok {
			kilobytes, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			return kilobytes << 10, err
		}
	}
	return 0, errors.New("/proc: no Rss in smaps_rollup")
}

// Calls returns how many times the process has called read and write so far. Unlike processor time that does not depend
// on what else the machine does.
func (p *Process) Calls() (reads, writes int) {
	file, _ := os.ReadFile(p.file("io"))
	for line := range strings.Lines(string(file)) {
		name, count, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch n, _ := strconv.Atoi(count); name {
		case "syscr":
			reads = n
		case "syscw":
			writes = n
		}
	}
	return reads, writes
}

func (p *Process) file(name string) string {
	return fmt.Sprintf("/proc/%d/%s", p.command.Process.Pid, name)
}

// Freeze stops the process where it is, as a machine that hangs does: it takes connections and answers nothing until Thaw.
func (p *Process) Freeze() error { return p.command.Process.Signal(syscall.SIGSTOP) }

// Thaw has it go on.
func (p *Process) Thaw() error { return p.command.Process.Signal(syscall.SIGCONT) }
