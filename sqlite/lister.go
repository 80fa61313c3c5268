package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/offprint/offprint"
)

const (
	// narrowSpan is the longest span, in days, whose papers with heat are read
	// and sorted. In a longer one they are walked in their order.
	narrowSpan = 62
	// smallFacet is the number of papers up to which those with a facet are read
	// and sorted by heat or votes. Of a larger one they are met often enough
	// among all papers in that order.
	smallFacet = 2000
)

// lister turns a query into SQL. One of its conditions drives: rows d are read
// from an index in the order of (listed, paper_id), each with its paper p. The
// other conditions filter. Without a driver, the indexes of paper are walked.
type lister struct {
	sort        offprint.Sort
	first, last offprint.Date

	driver clause // table d
	facet  clause // if a facet drives: the same condition as a filter
	small  bool   // the driver has few enough rows to sort them by heat or votes

	filters []clause
}

// clause is a part of a statement, with its arguments.
type clause struct {
	text string
	args []any
}

func newLister(ctx context.Context, tx *sql.Tx, q offprint.PaperQuery) (*lister, error) {
	l := &lister{sort: q.Sort, first: q.First, last: q.Last}
	if q.IDs != nil {
		l.drive(true, `(SELECT given.listed, given.id AS paper_id FROM json_each(?) j CROSS JOIN paper given ON given.id = j.value)`, listJSON(q.IDs))
	}
	l.addReader(q)
	if err := l.addFacets(ctx, tx, q); err != nil {
		return nil, err
	}
	if q.AfterID > 0 && !l.drive(true, `(SELECT listed, id AS paper_id FROM paper WHERE id > ?)`, q.AfterID) {
		l.filter(`p.id > ?`, q.AfterID)
	}
	if q.ReaderID != 0 && !q.WithHidden {
		l.filter(`NOT EXISTS (SELECT 1 FROM mark WHERE paper_id = p.id AND kind = 'hide' AND reader_id = ?)`, q.ReaderID)
	}
	return l, nil
}

func (l *lister) filter(text string, args ...any) {
	l.filters = append(l.filters, clause{text, args})
}

// drive makes a table drive, if none does yet.
func (l *lister) drive(small bool, table string, args ...any) bool {
	if l.driver.text != "" {
		return false
	}
	l.driver, l.small = clause{table, args}, small
	return true
}

// addReader adds the conditions on what the reader has done. What one reader has
// tagged or marked is little next to all papers.
func (l *lister) addReader(q offprint.PaperQuery) {
	if q.Tags != nil {
		if tag, ok := neededTag(q.Tags); ok {
			l.drive(true, `(SELECT listed, paper_id FROM tag WHERE reader_id = ? AND tag = ?)`, q.ReaderID, tag)
		} else if !q.Tags.Match(nil) {
			l.drive(true, `(SELECT DISTINCT listed, paper_id FROM tag WHERE reader_id = ? AND tag IN (SELECT value FROM json_each(?)))`, q.ReaderID, listJSON(tagsIn(q.Tags)))
		}
		c := tagCondition(q.Tags, q.ReaderID)
		l.filter(c.text, c.args...)
	}
	if q.Shelf != "" && !l.drive(true, `(SELECT listed, paper_id FROM mark WHERE reader_id = ? AND kind = ?)`, q.ReaderID, q.Shelf) {
		l.filter(`EXISTS (SELECT 1 FROM mark WHERE paper_id = p.id AND kind = ? AND reader_id = ?)`, q.Shelf, q.ReaderID)
	}
	if q.Noted && !l.drive(true, `(SELECT np.listed, n.paper_id FROM note n CROSS JOIN paper np ON np.id = n.paper_id WHERE n.reader_id = ?)`, q.ReaderID) {
		l.filter(`EXISTS (SELECT 1 FROM note WHERE reader_id = ? AND paper_id = p.id)`, q.ReaderID)
	}
}

// addFacets adds the conditions on author, category and origin; the rarest may drive.
func (l *lister) addFacets(ctx context.Context, tx *sql.Tx, q offprint.PaperQuery) error {
	type counted struct {
		id     int64
		papers int
	}
	var facets []counted
	for _, f := range []struct {
		name  string
		facet func(string) facet
	}{{q.Author, authorFacet}, {q.Category, categoryFacet}, {q.Origin, originFacet}} {
		if f.name == "" {
			continue
		}
		c := counted{id: f.facet(f.name).id()}
		if err := tx.QueryRowContext(ctx, `SELECT coalesce((SELECT papers FROM facet WHERE id = ?), 0)`, c.id).Scan(&c.papers); err != nil {
			return err
		}
		facets = append(facets, c)
	}
	slices.SortFunc(facets, func(a, b counted) int { return a.papers - b.papers })
	for _, c := range facets {
		filter := clause{`EXISTS (SELECT 1 FROM paper_facet WHERE facet_id = ? AND listed = p.listed AND paper_id = p.id)`, []any{c.id}}
		if l.drive(c.papers <= smallFacet, `(SELECT listed, paper_id FROM paper_facet WHERE facet_id = ?)`, c.id) {
			l.facet = filter
		} else {
			l.filters = append(l.filters, filter)
		}
	}
	return nil
}

// where returns a condition, the span on the column listed, and the filters.
func (l *lister) where(condition, listed string) []clause {
	all := []clause{{text: condition}}
	if l.first != 0 {
		all = append(all, clause{listed + ` >= ?`, []any{l.first}})
	}
	if l.last != 0 {
		all = append(all, clause{listed + ` <= ?`, []any{l.last}})
	}
	return append(all, l.filters...)
}

// ranked returns the statement for papers with heat or votes, most first, after
// a place.
func (l *lister) ranked(from place, limit int) clause {
	rank, condition, index := "p.heat", "p.heat IS NOT NULL", "paper_heat"
	if l.sort == offprint.SortVotes {
		rank, condition, index = "p.votes", "p.votes > 0", "paper_votes"
	}
	if l.first != 0 && l.last != 0 && l.last-l.first <= narrowSpan {
		index, condition = "paper_day_heat", condition+" AND p.heat IS NOT NULL"
	}
	filters := l.where(condition, "p.listed")
	table := l.driver
	if table.text != "" && l.small {
		table.text += ` d CROSS JOIN paper p ON p.id = d.paper_id`
	} else {
		table = clause{text: `paper p INDEXED BY ` + index}
		if l.facet.text != "" {
			filters = append(filters, l.facet)
		}
	}
	if from.form == afterRanked {
		filters = append(filters, clause{`(` + rank + `, p.listed, p.id) < (?, ?, ?)`, []any{from.rank, from.listed, from.id}})
	}
	return statement(`p.id, p.listed, `+rank, table, filters, rank+` DESC, p.listed DESC, p.id DESC`, limit)
}

// timed returns the statement for papers by time, newest first, after a place;
// those that ranked returns are left out.
func (l *lister) timed(from place, limit int) clause {
	id, listed, table := "p.id", "p.listed", clause{text: `paper p INDEXED BY paper_listed`}
	if l.driver.text != "" {
		id, listed = "d.paper_id", "d.listed"
		table = clause{l.driver.text + ` d CROSS JOIN paper p ON p.id = d.paper_id`, l.driver.args}
	}
	condition := `true`
	switch l.sort {
	case offprint.SortTrending:
		condition = `p.heat IS NULL`
	case offprint.SortVotes:
		condition = `p.votes = 0`
	}
	filters := l.where(condition, listed)
	if from.form == afterTimed {
		filters = append(filters, clause{`(` + listed + `, ` + id + `) < (?, ?)`, []any{from.listed, from.id}})
	}
	return statement(id+`, `+listed+`, 0.0`, table, filters, listed+` DESC, `+id+` DESC`, limit)
}

func statement(columns string, table clause, filters []clause, order string, limit int) clause {
	text, args := `SELECT `+columns+` FROM `+table.text, slices.Clone(table.args)
	for i, f := range filters {
		text += []string{` WHERE `, ` AND `}[min(i, 1)] + f.text
		args = append(args, f.args...)
	}
	if order != "" {
		text += ` ORDER BY ` + order
	}
	if limit > 0 {
		text += fmt.Sprintf(` LIMIT %d`, limit)
	}
	return clause{text, args}
}

func (l *lister) run(ctx context.Context, tx *sql.Tx, c clause, form placeForm) ([]place, error) {
	var places []place
	err := query(ctx, tx, func(row scanner) error {
		p := place{sort: l.sort, form: form}
		err := row.Scan(&p.id, &p.listed, &p.rank)
		places = append(places, p)
		return err
	}, c.text, c.args...)
	return places, err
}

// neededTag returns a tag without which a paper does not satisfy e.
func neededTag(e offprint.TagExpr) (string, bool) {
	switch e := e.(type) {
	case offprint.HasTag:
		return string(e), true
	case offprint.AllTags:
		for _, part := range e {
			if tag, ok := neededTag(part); ok {
				return tag, true
			}
		}
	}
	return "", false
}

// tagsIn returns the tags that e speaks of.
func tagsIn(e offprint.TagExpr) []string {
	var tags []string
	switch e := e.(type) {
	case offprint.HasTag:
		return []string{string(e)}
	case offprint.AllTags:
		for _, part := range e {
			tags = append(tags, tagsIn(part)...)
		}
	case offprint.AnyTag:
		for _, part := range e {
			tags = append(tags, tagsIn(part)...)
		}
	case offprint.NotTags:
		return tagsIn(e.Expr)
	}
	return tags
}

// tagCondition is e about paper p, in SQL.
func tagCondition(e offprint.TagExpr, readerID int64) clause {
	switch e := e.(type) {
	case offprint.HasTag:
		return clause{`EXISTS (SELECT 1 FROM tag WHERE paper_id = p.id AND reader_id = ? AND tag = ?)`, []any{readerID, string(e)}}
	case offprint.AllTags:
		return joinConditions(` AND `, `true`, e, readerID)
	case offprint.AnyTag:
		return joinConditions(` OR `, `false`, e, readerID)
	case offprint.NotTags:
		c := tagCondition(e.Expr, readerID)
		return clause{`NOT ` + c.text, c.args}
	}
	panic(fmt.Sprintf("sqlite: tag expression of type %T", e))
}

func joinConditions(operator, none string, parts []offprint.TagExpr, readerID int64) clause {
	if len(parts) == 0 {
		return clause{text: none}
	}
	var texts []string
	var args []any
	for _, part := range parts {
		c := tagCondition(part, readerID)
		texts, args = append(texts, c.text), append(args, c.args...)
	}
	return clause{`(` + strings.Join(texts, operator) + `)`, args}
}
