//go:build unix

package transcode

import (
	"os/exec"
	"syscall"
)

// apart gives the child a process group of its own: a terminal's Ctrl-C does not reach it, and kill all that it may have started.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // it may be gone
