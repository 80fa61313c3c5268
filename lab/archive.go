package lab

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/offprint/offprint"
)

// Archive keeps reports as files, Dir/SLUG/ID.json. Several processes may use
// it at the same time.
type Archive struct{ Dir string }

var (
	idPattern   = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}-([a-z0-9-]{1,60})$`)
	slugPattern = regexp.MustCompile(`^[a-z0-9-]{1,60}$`)
)

// Save stores a report. It is there whole or not at all.
func (a Archive) Save(rep *Report) error {
	p, err := a.path(rep.ID)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := rep.WriteJSON(&buf); err != nil {
		return fmt.Errorf("save the report %s: %w", rep.ID, err)
	}
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		return fmt.Errorf("save the report %s: %w", rep.ID, err)
	}
	part, err := os.CreateTemp(filepath.Dir(p), ".part-*")
	if err != nil {
		return fmt.Errorf("save the report %s: %w", rep.ID, err)
	}
	_, err = part.Write(buf.Bytes())
	if err = errors.Join(err, part.Close()); err == nil {
		err = os.Rename(part.Name(), p)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("save the report %s: %w", rep.ID, err), os.Remove(part.Name()))
	}
	return nil
}

// path is where a report with this id is kept. An id is checked, since it may
// come from an address.
func (a Archive) path(id string) (string, error) {
	m := idPattern.FindStringSubmatch(id)
	if m == nil {
		return "", offprint.Errorf(offprint.KindInvalid, "That is not the id of a report.")
	}
	return filepath.Join(a.Dir, m[1], id+".json"), nil
}

// Load returns a report by its id.
func (a Archive) Load(id string) (*Report, error) {
	p, err := a.path(id)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, offprint.Errorf(offprint.KindNotFound, "There is no report %s.", id)
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadReport(f)
}

// IDs returns the ids of the reports of a reproduction, newest first.
func (a Archive) IDs(slug string) ([]string, error) {
	if !slugPattern.MatchString(slug) {
		return nil, nil
	}
	entries, err := os.ReadDir(filepath.Join(a.Dir, slug))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if ok && idPattern.MatchString(id) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(x, y string) int { return cmp.Compare(y, x) })
	return ids, nil
}

// Latest returns the newest report of the method itself (not of a broken
// variant) that ran to its end, or nil.
func (a Archive) Latest(slug string) (*Report, error) {
	ids, err := a.IDs(slug)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		rep, err := a.Load(id)
		if err != nil {
			return nil, err
		}
		if rep.Broken == "" && (rep.Outcome == Passed || rep.Outcome == Failed) {
			return rep, nil
		}
	}
	return nil, nil
}

// Remove deletes a report.
func (a Archive) Remove(id string) error {
	p, err := a.path(id)
	if err != nil {
		return err
	}
	if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
