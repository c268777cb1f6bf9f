//go:build unix

package transcode

import (
	"os/exec"
	"syscall"
)

// niceness keeps the child from taking the processors that ingest and delivery need.
const niceness = 5

// apart gives the child a process group of its own: a terminal's Ctrl-C does not reach it, and kill all that it may have started.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func yield(cmd *exec.Cmd) error {
	return syscall.Setpriority(syscall.PRIO_PROCESS, cmd.Process.Pid, niceness)
}

func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // it may be gone
