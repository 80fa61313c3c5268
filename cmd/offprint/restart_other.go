//go:build !(goexperiment.simd && amd64 && unix)

package main

// withoutFMA does nothing in builds that do not need it.
func withoutFMA() {}
