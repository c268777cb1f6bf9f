//go:build linux

package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endsWithin is how long a program that has processes of its own may take to end them.
const endsWithin = 5 * time.Second

// StartFamily starts a program that starts processes of its own. Where the program that started it is gone, it is told to end, so
// that it ends them too.
func StartFamily(name string, args ...string) (*Process, error) {
	p := &Process{command: exec.Command(name, args...), ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = &p.said, &p.said
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return p, p.run()
}

// StopFamily tells the process to end, and ends it if it does not.
func (p *Process) StopFamily() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(endsWithin):
		p.Stop()
	}
}

// FamilyTime is ProcessorTime of the process and of all that it has started, while they run.
func (p *Process) FamilyTime() (time.Duration, error) {
	total := time.Duration(0)
	for left := []int{p.command.Process.Pid}; len(left) > 0; left = left[1:] {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", left[0]))
		if err != nil {
			return 0, err
		}
		t, err := processorTime(stat)
		if err != nil {
			return 0, err
		}
		total += t
		threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", left[0]))
		if err != nil {
			return 0, err
		}
		for _, thread := range threads {
			children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", left[0], thread.Name()))
			if errors.Is(err, os.ErrNotExist) {
				continue // the thread has ended
			}
			if err != nil {
				return 0, err
			}
			for _, child := range strings.Fields(string(children)) {
				pid, err := strconv.Atoi(child)
				if err != nil {
					return 0, err
				}
				left = append(left, pid)
			}
		}
	}
	return total, nil
}
