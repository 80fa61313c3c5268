package sqlite

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/offprint/offprint"
)

// No list reads all papers, and none that has an index in its order sorts.
func TestListPlans(t *testing.T) {
	s := openTemp(t)
	if _, err := s.PutPapers(t.Context(), testPapers(0, smallFacet+100)); err != nil { // cs.CL is a large category
		t.Fatal(err)
	}
	day := offprint.Date(20000)
	for _, test := range []struct {
		q            offprint.PaperQuery
		ranked, time bool // whether these parts may sort
	}{
		{q: offprint.PaperQuery{}},
		{q: offprint.PaperQuery{ReaderID: 1}},
		{q: offprint.PaperQuery{First: day, Last: day + 6}, ranked: true},
		{q: offprint.PaperQuery{First: day - 1000, Last: day}},
		{q: offprint.PaperQuery{Category: "cs.CL"}},
		{q: offprint.PaperQuery{Category: "cs.CL", First: day, Last: day}, ranked: true},
		{q: offprint.PaperQuery{Category: "cs.CV"}, ranked: true},
		{q: offprint.PaperQuery{Category: "cs.CL", Origin: "arxiv", ReaderID: 1}},
		{q: offprint.PaperQuery{Author: "Author 1", Category: "cs.CL"}, ranked: true},
		{q: offprint.PaperQuery{Shelf: offprint.MarkRead, ReaderID: 1}, ranked: true},
		{q: offprint.PaperQuery{Tags: offprint.AllTags{offprint.HasTag("a"), offprint.NotTags{Expr: offprint.HasTag("b")}}, ReaderID: 1}, ranked: true},
		{q: offprint.PaperQuery{Tags: offprint.NotTags{Expr: offprint.HasTag("b")}, ReaderID: 1}},
		{q: offprint.PaperQuery{Tags: offprint.AnyTag{offprint.HasTag("a"), offprint.HasTag("b")}, ReaderID: 1}, ranked: true, time: true},
		{q: offprint.PaperQuery{Noted: true, ReaderID: 1}, ranked: true, time: true},
	} {
		for _, order := range []offprint.Sort{offprint.SortTime, offprint.SortTrending, offprint.SortVotes} {
			test.q.Sort = order
			err := s.read(t.Context(), "explain", func(tx *sql.Tx) error {
				l, err := newLister(t.Context(), tx, test.q)
				if err != nil {
					return err
				}
				for _, from := range []place{{}, {form: afterTimed, listed: day, id: 5}} {
					checkPlan(t, tx, test.q, l.timed(from, 25), test.time)
				}
				if order != offprint.SortTime {
					for _, from := range []place{{}, {form: afterRanked, rank: 1, listed: day, id: 5}} {
						checkPlan(t, tx, test.q, l.ranked(from, 25), test.ranked)
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("%+v: %v", test.q, err)
			}
		}
	}
}

func checkPlan(t *testing.T, tx *sql.Tx, q offprint.PaperQuery, c clause, maySort bool) {
	t.Helper()
	steps, err := list(t.Context(), tx, func(row scanner, step *string) error {
		var id, parent, unused int
		return row.Scan(&id, &parent, &unused, step)
	}, `EXPLAIN QUERY PLAN `+c.text, c.args...)
	if err != nil {
		t.Fatal(err)
	}
	plan := strings.Join(steps, "\n\t")
	for _, step := range steps {
		// A scan is of an index in the order of the list, which a limit ends early.
		scans := strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, " USING ") && !strings.Contains(step, "CONSTANT ROW") && step != "SCAN d" && !strings.Contains(step, "json_each")
		sorts := strings.HasPrefix(step, "USE TEMP B-TREE FOR") && !strings.Contains(step, "DISTINCT")
		if scans || sorts && !maySort {
			t.Errorf("%s\nof %s reads or sorts too much:\n\t%s", c.text, fmt.Sprintf("%+v", q), plan)
			return
		}
	}
}
