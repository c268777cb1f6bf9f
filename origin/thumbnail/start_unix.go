//go:build unix

package thumbnail

import (
	"os/exec"
	"syscall"
)

// start starts a child and puts it behind everything else on the machine.
func start(c *exec.Cmd) error {
	if err := c.Start(); err != nil {
		return err
	}
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, c.Process.Pid, 19) // it may have ended
	return nil
}
