//go:build goexperiment.simd && amd64 && unix

package main

import (
	"os"
	"strings"
	"syscall"
)

// withoutFMA starts this program anew, in its place, with fused multiply-adds
// off in math.Exp, which on Intel processors cost a hundred times as much beside
// GoMLX's products, and a third of a server's speed beside the runtime's own
// vector instructions: see package methods/backend. GODEBUG is read only at the
// start. It returns if that is so already, or cannot be done.
func withoutFMA() {
	debug := os.Getenv("GODEBUG")
	if strings.Contains(debug, "cpu.fma=") {
		return
	}
	if debug != "" {
		debug += ","
	}
	self, err := os.Executable()
	if err != nil {
		return
	}
	_ = syscall.Exec(self, os.Args, append(os.Environ(), "GODEBUG="+debug+"cpu.fma=off")) // slower without
}
