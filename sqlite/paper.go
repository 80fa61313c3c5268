package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/offprint/offprint"
)

// Columns of paper p that lists show, and those that only a whole paper has.
const (
	listColumns  = `p.id, p.key, p.listed, p.heat, p.votes, p.comments, p.withdrawn, p.published, p.updated, p.arxiv_id, p.doi, p.title, p.authors, p.categories, p.comment, p.links`
	wholeColumns = listColumns + `, p.journal, p.versions, p.origins, p.summary, p.abstract`
)

func listDest(p *offprint.Paper) []any {
	return []any{&p.ID, &p.Key, &p.Listed, heatColumn{p}, &p.Votes, &p.Comments, &p.Withdrawn, timeColumn{&p.Published}, timeColumn{&p.Updated},
		&p.ArXivID, &p.DOI, &p.Title, linesColumn{&p.Authors}, linesColumn{&p.Categories}, &p.Comment, jsonColumn{&p.Links}}
}

func wholeDest(p *offprint.Paper) []any {
	return append(listDest(p), &p.Journal, jsonColumn{&p.Versions}, jsonColumn{&p.Origins}, &p.Summary, &p.Abstract)
}

func scanPaper(row scanner) (*offprint.Paper, error) {
	p := new(offprint.Paper)
	return p, row.Scan(wholeDest(p)...)
}

// heatColumn scans into Heat and HasHeat.
type heatColumn struct{ p *offprint.Paper }

func (c heatColumn) Scan(v any) error {
	var f sql.NullFloat64
	err := f.Scan(v)
	c.p.Heat, c.p.HasHeat = f.Float64, f.Valid
	return err
}

var errNoPaper = offprint.Errorf(offprint.KindNotFound, "There is no such paper here.")

// Paper implements [offprint.PaperStore].
func (s *Store) Paper(ctx context.Context, key string) (p *offprint.Paper, err error) {
	err = s.read(ctx, "find a paper", func(tx *sql.Tx) error {
		p, err = findPaper(ctx, tx, key)
		return err
	})
	return p, err
}

func findPaper(ctx context.Context, tx *sql.Tx, key string) (*offprint.Paper, error) {
	p, err := scanPaper(tx.QueryRowContext(ctx, `SELECT `+wholeColumns+` FROM paper p WHERE p.key = ?`, key))
	if !errors.Is(err, sql.ErrNoRows) {
		return p, err
	}
	names := []string{"key:" + key}
	if id, _, ok := offprint.ParseArXivID(key); ok {
		names = append(names, "arxiv:"+id)
	} else if doi, ok := offprint.ParseDOI(key); ok {
		names = append(names, "doi:"+doi)
	}
	for _, name := range names {
		p, err = scanPaper(tx.QueryRowContext(ctx, `SELECT `+wholeColumns+` FROM identifier i JOIN paper p ON p.id = i.paper_id WHERE i.value = ?`, name))
		if !errors.Is(err, sql.ErrNoRows) {
			return p, err
		}
	}
	return nil, errNoPaper
}

// needPaper gives an error if the paper is not there.
func needPaper(ctx context.Context, tx *sql.Tx, id int64) error {
	err := tx.QueryRowContext(ctx, `SELECT id FROM paper WHERE id = ?`, id).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return errNoPaper
	}
	return err
}

// papersByID returns whole papers in order of id, without those that are not there.
func papersByID(ctx context.Context, tx *sql.Tx, ids []int64) ([]*offprint.Paper, error) {
	var papers []*offprint.Paper
	err := query(ctx, tx, func(row scanner) error {
		p, err := scanPaper(row)
		papers = append(papers, p)
		return err
	}, `SELECT `+wholeColumns+` FROM paper p WHERE p.id IN (SELECT value FROM json_each(?)) ORDER BY p.id`, listJSON(ids))
	return papers, err
}

// AllPapers implements [offprint.PaperStore]. It reads in short transactions,
// so that a slow yield holds nobody up; papers that are added meanwhile come too.
func (s *Store) AllPapers(ctx context.Context, yield func(*offprint.Paper) error) error {
	const atOnce = 200
	for last := int64(0); ; {
		var papers []*offprint.Paper
		err := s.read(ctx, "read all papers", func(tx *sql.Tx) error {
			return query(ctx, tx, func(row scanner) error {
				p, err := scanPaper(row)
				papers = append(papers, p)
				return err
			}, `SELECT `+wholeColumns+` FROM paper p WHERE p.id > ? ORDER BY p.id LIMIT ?`, last, atOnce)
		})
		if err != nil {
			return err
		}
		for _, p := range papers {
			if err := yield(p); err != nil {
				return err
			}
			last = p.ID
		}
		if len(papers) < atOnce {
			return nil
		}
	}
}

// PapersChanged implements [offprint.PaperStore]. Like AllPapers it reads in
// short transactions.
func (s *Store) PapersChanged(ctx context.Context, since int64, yield func(p *offprint.Paper, generation int64) error) error {
	const atOnce = 200
	for last := int64(0); ; {
		var papers []*offprint.Paper
		var generations []int64
		err := s.read(ctx, "read changed papers", func(tx *sql.Tx) error {
			return query(ctx, tx, func(row scanner) error {
				p := new(offprint.Paper)
				var generation int64
				err := row.Scan(append(wholeDest(p), &generation)...)
				papers, generations = append(papers, p), append(generations, generation)
				return err
			}, `SELECT `+wholeColumns+`, p.changed FROM paper p INDEXED BY paper_changed WHERE (p.changed, p.id) > (?, ?) ORDER BY p.changed, p.id LIMIT ?`, since, cmp.Or(last, math.MaxInt64), atOnce)
		})
		if err != nil {
			return err
		}
		for i, p := range papers {
			if err := yield(p, generations[i]); err != nil {
				return err
			}
			since, last = generations[i], p.ID
		}
		if len(papers) < atOnce {
			return nil
		}
	}
}

// LatestDay implements [offprint.PaperStore].
func (s *Store) LatestDay(ctx context.Context, limit offprint.Date) (offprint.Date, error) {
	var day sql.NullInt32
	err := s.read(ctx, "find the latest day", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT max(listed) FROM day WHERE listed <= ?`, limit).Scan(&day)
	})
	return offprint.Date(day.Int32), err
}

// Days implements [offprint.PaperStore].
func (s *Store) Days(ctx context.Context, first, last offprint.Date) ([]offprint.DayCount, error) {
	var days []offprint.DayCount
	err := s.read(ctx, "count papers by day", func(tx *sql.Tx) error {
		return query(ctx, tx, func(row scanner) error {
			var d offprint.DayCount
			err := row.Scan(&d.Day, &d.Papers)
			days = append(days, d)
			return err
		}, `SELECT listed, papers FROM day WHERE listed BETWEEN ? AND ? ORDER BY listed`, first, last)
	})
	return days, err
}

// PaperCount implements [offprint.PaperStore].
func (s *Store) PaperCount(ctx context.Context) (n int, err error) {
	err = s.read(ctx, "count papers", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT papers FROM totals`).Scan(&n)
	})
	return n, err
}

// Generation implements [offprint.PaperStore].
func (s *Store) Generation(ctx context.Context) (n int64, err error) {
	err = s.read(ctx, "read the generation", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT generation FROM totals`).Scan(&n)
	})
	return n, err
}

// papersChanged tells caches that what pages show of papers is different.
func papersChanged(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE totals SET generation = generation + 1`)
	return err
}

// State implements [offprint.PaperStore].
func (s *Store) State(ctx context.Context, readerID, paperID int64) (st offprint.State, err error) {
	err = s.read(ctx, "read a paper's state", func(tx *sql.Tx) error {
		if err := needPaper(ctx, tx, paperID); err != nil {
			return err
		}
		states, err := readStates(ctx, tx, readerID, []int64{paperID})
		if states[paperID] != nil {
			st = *states[paperID]
		}
		return err
	})
	return st, err
}

// readStates returns what the reader has done with the papers, nil for nothing.
func readStates(ctx context.Context, tx *sql.Tx, readerID int64, paperIDs []int64) (map[int64]*offprint.State, error) {
	states := make(map[int64]*offprint.State)
	if readerID == 0 || len(paperIDs) == 0 {
		return states, nil
	}
	err := query(ctx, tx, func(row scanner) error {
		var id int64
		var kind, text string
		if err := row.Scan(&id, &kind, &text); err != nil {
			return err
		}
		st := states[id]
		if st == nil {
			st = new(offprint.State)
			states[id] = st
		}
		switch kind {
		case "tag":
			st.Tags = append(st.Tags, text)
		case "note":
			st.Note = text
		default:
			setMark(st, offprint.Mark(kind))
		}
		return nil
	}, `WITH shown (id) AS MATERIALIZED (SELECT value FROM json_each(?1))
		SELECT paper_id, kind, '' FROM shown CROSS JOIN mark ON paper_id = id AND kind IN ('vote', 'save', 'read', 'hide') AND reader_id = ?2
		UNION ALL SELECT paper_id, 'tag', tag FROM shown CROSS JOIN tag ON paper_id = id AND reader_id = ?2
		UNION ALL SELECT paper_id, 'note', body FROM shown CROSS JOIN note ON paper_id = id AND reader_id = ?2`,
		listJSON(paperIDs), readerID)
	for _, st := range states {
		slices.Sort(st.Tags)
	}
	return states, err
}

func setMark(st *offprint.State, m offprint.Mark) {
	switch m {
	case offprint.MarkVote:
		st.Voted = true
	case offprint.MarkSave:
		st.Saved = true
	case offprint.MarkRead:
		st.Read = true
	case offprint.MarkHide:
		st.Hidden = true
	}
}

const teaserBytes = 600

// teaser cuts a text at the end of a word.
func teaser(s string) string {
	if len(s) <= teaserBytes {
		return s
	}
	s = s[:teaserBytes]
	if i := strings.LastIndexByte(s, ' '); i > teaserBytes/2 {
		s = s[:i]
	}
	return strings.ToValidUTF8(s, "") + "…"
}
