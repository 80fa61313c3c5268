//go:build unix

package main

import (
	"errors"
	"os"
	"syscall"
)

// lock takes a lock on the file at path, for this process alone or shared with
// others, and reports whether it got it. It is held until the file is closed,
// or the process ends in whatever way.
func lock(path string, alone bool) (f *os.File, ok bool, err error) {
	f, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, err
	}
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	switch err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); {
	case err == nil:
		return f, true, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = nil
	}
	f.Close()
	return nil, false, err
}
