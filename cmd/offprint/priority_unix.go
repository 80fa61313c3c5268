//go:build unix

package main

import "syscall"

// lowPriority lets everything else on the machine go first.
func lowPriority() {
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 10) // a wish: it runs without it, too
}
