//go:build !unix

package transcode

import "os/exec"

// apart does nothing here: there are no process groups.
func apart(*exec.Cmd) {}

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() } // it may be gone
