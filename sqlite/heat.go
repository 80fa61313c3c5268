package sqlite

import (
	"context"
	"database/sql"
)

// setHeat is [offprint.Heat] in SQL: the votes and the origins' signals of a
// paper as exponents of 2 in half-lives (259,200 s), summed around the largest.
const setHeat = `UPDATE paper SET heat = (
	WITH weight (e) AS (
		SELECT at / 1000000 / 259200.0 FROM mark WHERE paper_id = paper.id AND kind = 'vote'
		UNION ALL
		SELECT log2(log2(1.0 + (value ->> 'signal'))) + (paper.listed * 86400 + 43200) / 259200.0
		FROM json_each(paper.origins) WHERE value ->> 'signal' > 0
	), top (e) AS (SELECT max(e) FROM weight)
	SELECT top.e + log2(sum(pow(2.0, weight.e - top.e))) FROM weight, top
) WHERE id IN (SELECT value FROM json_each(?))`

// reheat brings the heat of papers in line with their votes and signals.
func reheat(ctx context.Context, tx *sql.Tx, paperIDs ...int64) error {
	if len(paperIDs) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, setHeat, listJSON(paperIDs))
	return err
}
