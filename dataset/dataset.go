// Package dataset finds, verifies, fetches and reads the named data sets that
// the reproductions and benchmarks use. Nothing of them is part of Offprint:
// they are found in folders (see [Find]) or fetched from their homes.
package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/offprint/offprint"
)

// Set is a named data set: some files in a folder of its own.
type Set struct {
	Name    string // as in "offprint data fetch NAME"
	What    string // one line
	Rows    string // "2,708 nodes"
	Licence string
	Home    string // for people
	Dir     string // below a folder of data sets
	Files   []File
	Hint    string // what to do by hand when it cannot be fetched
}

// File is a file of a [Set] as it lies in its folder.
type File struct {
	Name   string
	SHA256 string // of the file's content after decompression
	Headed string // likewise, of a copy with a line of headings; empty if none goes round
	// URL is where the same content is, in the same format. Empty where the
	// home has another format: see Hint.
	URL string
}

// All are the known data sets, by name.
func All() []Set { return slices.Clone(sets) }

// ByName finds a set by its name.
func ByName(name string) (Set, error) {
	var names []string
	for _, s := range sets {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Set{}, offprint.Errorf(offprint.KindNotFound, "There is no data set %q: there are %s.", name, strings.Join(names, ", "))
}

// MissingError says that a data set is not on this machine, and what to do.
type MissingError struct{ Set Set }

func (e *MissingError) Error() string {
	s := fmt.Sprintf("The data set %s (%s) is not here. It comes from %s. ", e.Set.Name, e.Set.What, e.Set.Home)
	if e.Set.fetchable() {
		return s + "Run: offprint data fetch " + e.Set.Name
	}
	return s + e.Set.Hint
}

func (s Set) fetchable() bool {
	return len(s.Files) > 0 && !slices.ContainsFunc(s.Files, func(f File) bool { return f.URL == "" })
}

// Folders are where sets are looked for, first to last: $OFFPRINT_DATA,
// ../shared/data as seen from the working directory and from each folder above
// it, and the user's cache.
func Folders() []string {
	var dirs []string
	if d := os.Getenv("OFFPRINT_DATA"); d != "" {
		dirs = append(dirs, d)
	}
	if wd, err := os.Getwd(); err == nil {
		for dir := wd; ; dir = filepath.Dir(dir) {
			dirs = append(dirs, filepath.Join(dir, "..", "shared", "data"))
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	if c, err := CacheFolder(); err == nil {
		dirs = append(dirs, c)
	}
	return dirs
}

// CacheFolder is where fetched sets are kept.
func CacheFolder() (string, error) {
	c, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for fetched data: %w", err)
	}
	return filepath.Join(c, "offprint", "data"), nil
}

// Find returns the folder that holds a set, or a [*MissingError].
func Find(name string) (string, error) {
	s, err := ByName(name)
	if err != nil {
		return "", err
	}
	for _, d := range Folders() {
		dir := filepath.Join(d, s.Dir)
		if s.in(dir) {
			return dir, nil
		}
	}
	return "", &MissingError{s}
}

// in reports whether dir has all of the set's files, plain or gzipped.
func (s Set) in(dir string) bool {
	if len(s.Files) == 0 {
		m, err := filepath.Glob(filepath.Join(dir, "*.jsonl*"))
		return err == nil && len(m) > 0
	}
	for _, f := range s.Files {
		if _, err := locate(dir, f.Name); err != nil {
			return false
		}
	}
	return true
}

// locate returns the path of a file, or of its gzipped form.
func locate(dir, name string) (string, error) {
	p := filepath.Join(dir, name)
	if _, err := os.Stat(p); err == nil {
		return p, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if _, err := os.Stat(p + ".gz"); err != nil {
		return "", err
	}
	return p + ".gz", nil
}
