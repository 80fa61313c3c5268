package sqlite

import (
	"context"
	"database/sql"
	"strings"
)

// rowsAtOnce is how many rows one statement inserts. More would save nothing.
const rowsAtOnce = 64

// inserter inserts rows with statements of many rows each, which takes half the
// time of a statement a row. Its transaction prepares each statement once.
type inserter struct {
	tx      *sql.Tx
	head    string // "INSERT INTO t (a, b)"
	tail    string // what follows the values, such as "ON CONFLICT ..."
	columns int
	args    []any
	full    *sql.Stmt
	scan    func(row scanner) error // for a tail with RETURNING
}

func (in *inserter) add(ctx context.Context, row ...any) error {
	in.columns = len(row)
	in.args = append(in.args, row...)
	if len(in.args) < rowsAtOnce*in.columns {
		return nil
	}
	if in.full == nil {
		var err error
		if in.full, err = in.tx.PrepareContext(ctx, in.text(rowsAtOnce)); err != nil {
			return err
		}
	}
	defer in.clear()
	if in.scan == nil {
		_, err := in.full.ExecContext(ctx, in.args...)
		return err
	}
	return in.read(in.full.QueryContext(ctx, in.args...))
}

// flush inserts the rows that are left, and must be called at the end.
func (in *inserter) flush(ctx context.Context) error {
	if len(in.args) == 0 {
		return nil
	}
	defer in.clear()
	text := in.text(len(in.args) / in.columns)
	if in.scan == nil {
		_, err := in.tx.ExecContext(ctx, text, in.args...)
		return err
	}
	return in.read(in.tx.QueryContext(ctx, text, in.args...))
}

func (in *inserter) clear() { in.args = in.args[:0] }

func (in *inserter) text(rows int) string {
	row := "(?" + strings.Repeat(", ?", in.columns-1) + ")"
	return in.head + " VALUES " + row + strings.Repeat(", "+row, rows-1) + " " + in.tail
}

func (in *inserter) read(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := in.scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
