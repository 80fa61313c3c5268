//go:build !unix

package queue

import "os/exec"

// interruptible leaves cancelling as it is: the process is killed.
func interruptible(*exec.Cmd) {}
