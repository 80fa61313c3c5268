//go:build !unix

package main

// lowPriority does nothing where processes have no such priority.
func lowPriority() {}
