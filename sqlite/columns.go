package sqlite

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Columns hold times as microseconds (0 for the zero time), lists of names as
// lines (no name has a line break in it), and lists of structures as JSON.

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// timeColumn scans into a time.
type timeColumn struct{ t *time.Time }

func (c timeColumn) Scan(v any) error {
	switch n, ok := v.(int64); {
	case !ok:
		return fmt.Errorf("%T is not a time", v)
	case n == 0:
		*c.t = time.Time{}
	default:
		*c.t = time.UnixMicro(n).UTC()
	}
	return nil
}

func lines(names []string) string { return strings.Join(names, "\n") }

// linesColumn scans into a list of names.
type linesColumn struct{ names *[]string }

func (c linesColumn) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("%T is not text", v)
	}
	*c.names = nil
	if s != "" {
		*c.names = strings.Split(s, "\n")
	}
	return nil
}

func listJSON[T any](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	return structJSON(list)
}

func structJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // all that is stored as JSON are plain structures
	}
	return string(b)
}

// jsonColumn scans into what v points to, which is zero before.
type jsonColumn struct{ v any }

func (c jsonColumn) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("%T is not text", v)
	}
	if s == "[]" { // most lists are empty: keep them nil, and cheap
		return nil
	}
	return json.Unmarshal([]byte(s), c.v)
}

// nullID is an id that may be absent: 0 is NULL.
func nullID(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// sortedLines is the same for lists of the same names.
func sortedLines(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return lines(slices.Compact(names))
}
