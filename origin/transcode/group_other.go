//go:build !unix

package transcode

import "os/exec"

func apart(*exec.Cmd) {}

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() } // it may be gone
