//go:build unix

package queue

import (
	"os/exec"
	"syscall"
)

// interruptible makes cancelling ask the process to stop, so that it can write
// its report, before it is killed.
func interruptible(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
}
