package dataset

import (
	"fmt"
	"strconv"
	"strings"
)

// Table is a table of numbers with a target.
type Table struct {
	X [][]float64 // rows by columns
	Y []float64   // the target, a class as a whole number from 0
}

// Classes is one more than the largest target of a classification table.
func (t *Table) Classes() int {
	c := 0
	for _, y := range t.Y {
		c = max(c, int(y)+1)
	}
	return c
}

// Labels are the targets of a classification table.
func (t *Table) Labels() []int {
	l := make([]int, len(t.Y))
	for i, y := range t.Y {
		l[i] = int(y)
	}
	return l
}

// ReadTable reads one of the tables: digits (8x8 pixels, 0 to 16), iris, wine,
// breast-cancer, or diabetes (a regression).
func ReadTable(name string) (*Table, error) {
	dir, err := Find(name)
	if err != nil {
		return nil, err
	}
	return readTable(dir, name+".csv")
}

func readTable(dir, file string) (*Table, error) {
	t := &Table{}
	cols := 0
	err := eachLine(dir, file, func(n int, line string) error {
		cells := strings.Split(line, ",")
		if n == 1 {
			if cols = len(cells); cols < 2 || cells[cols-1] != "y" {
				return fmt.Errorf("the header does not end in the column y")
			}
			return nil
		}
		if len(cells) != cols {
			return fmt.Errorf("%d values, want %d", len(cells), cols)
		}
		row := make([]float64, cols)
		for i, c := range cells {
			v, err := strconv.ParseFloat(c, 64)
			if err != nil {
				return fmt.Errorf("%q is not a number", c)
			}
			row[i] = v
		}
		t.X = append(t.X, row[:cols-1])
		t.Y = append(t.Y, row[cols-1])
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}
